"""A fail: the ripple is over its limit. The exit code is 0: the printed 不合格 decides."""
import math

LIMIT_MV = 40

samples = [12.0 + 0.0279 * math.sin(i / 3) for i in range(200)]
ripple_mv = (max(samples) - min(samples)) * 1000

print("步骤1 采样 200 点")
print(f"步骤2 纹波 {ripple_mv:.1f} mV (预期 <= {LIMIT_MV} mV)")
print("合格" if ripple_mv <= LIMIT_MV else "不合格")
