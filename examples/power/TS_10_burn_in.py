"""A slow one: two seconds of burn-in, its progress drawn over itself with carriage returns."""
import time

STEPS = 20

for step in range(STEPS + 1):
    bar = "#" * step + "." * (STEPS - step)
    print(f"\rburn-in [{bar}] {step * 100 // STEPS:3d}%", end="", flush=True)
    if step < STEPS:
        time.sleep(0.1)

print()
print("temperature after burn-in: 61.3 °C")
print("合格")
