"""A vendor's library that prints GBK while Python prints UTF-8, in one stream."""
import os

print("正在读取设备 (UTF-8) ✓", flush=True)
os.write(1, "电流读取完成: 3.2 A，误差: 0.5%\r\n".encode("gbk"))
os.write(1, "测试结果：合格\r\n".encode("gbk"))
