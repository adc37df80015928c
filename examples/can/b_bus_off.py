"""A time-out: nobody answers on the bus. The limit stops the script as Ctrl-C would, so its finally
block closes the interface, and the traceback says where it hung."""
# MUSTER: timeout=2s
import time


class CanBus:
    def __init__(self, name):
        self.name = name
        print(f"opening {name} at 500 kbit/s")

    def recv(self):
        while True:
            time.sleep(0.05)

    def close(self):
        print(f"{self.name} closed")


bus = CanBus("can0")
try:
    print("waiting for the node to recover from bus-off …")
    bus.recv()
    print("合格")
finally:
    bus.close()
