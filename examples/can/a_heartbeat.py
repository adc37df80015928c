"""Colours: a coloured verdict is still a verdict."""
GREEN, DIM, RESET = "\033[1;32m", "\033[2m", "\033[0m"

for node in (0x11, 0x12, 0x2A):
    print(f"{DIM}can0{RESET}  node 0x{node:02X}  heartbeat every 100 ms")

print(f"{GREEN}=== 合格 ==={RESET}")
