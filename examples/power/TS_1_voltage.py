"""A pass: the supply holds 12 V over a load sweep, and the last line says so."""
import math


class PowerSupply:
    """A simulated bench supply with a little source resistance."""

    def __init__(self, volts):
        self.volts = volts
        self.amps = 0.0

    def measure(self):
        return self.volts - 0.004 * self.amps + 0.002 * math.sin(self.amps)


supply = PowerSupply(12.0)
worst = 0.0
for amps in (0, 1, 2, 5, 10):
    supply.amps = amps
    volts = supply.measure()
    worst = max(worst, abs(volts - 12.0))
    print(f"load {amps:>2} A   {volts:7.3f} V")

print(f"worst deviation {worst * 1000:.0f} mV (limit 50 mV)")
print("PASS" if worst <= 0.050 else "FAIL")
