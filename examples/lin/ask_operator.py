"""Asks a person: at night nobody answers, standard input is at its end, and a hint says what to do."""
print("Is the lamp of the LIN master green?")
answer = input("[y/n] ")
print("PASS" if answer == "y" else "FAIL")
