"""A name with a space, and a verdict behind a label."""


def wake(slave):
    """The simulated slave answers after a few attempts."""
    return 3 + slave % 4


slowest = max(wake(slave) for slave in range(1, 9))
print(f"8 slaves awake, the slowest after {slowest} ms (limit 10 ms)")
print("Final Result:", "PASSED" if slowest <= 10 else "FAILED")
