"""A traceback: the instrument answered nothing, and the script did not expect that."""


class Thermometer:
    """A simulated instrument whose cable is loose."""

    def query(self, command):
        print(f"> {command}")
        return None


def read_channels(thermometer):
    first, *others = thermometer.query("MEAS:TEMP? (@101:104)")
    return [first, *others]


channels = read_channels(Thermometer())
print(f"{len(channels)} channels, hottest {max(channels):.1f} °C")
print("合格")
