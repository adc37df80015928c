"""A child left behind: the trace logger is started and never stopped. It is found and ended, and the
execution is marked leaky."""
import subprocess
import sys

subprocess.Popen(
    [sys.executable, "-c", "import time; time.sleep(60)", "trace-logger"],
    start_new_session=True,
)
print("trace logger started, 128 frames recorded")
print("合格")
