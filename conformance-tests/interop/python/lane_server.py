"""A barrier lane on pymodbus's own server: the counterpart of the Modbus adapter and examination.

Register map as in mappings/generic/lane/1/profile.toml. The first line on standard output is JSON with the
counterpart's name, version and port. Commands on standard input, one a line, each answered by one line of JSON:
  photocell on|off, approach on|off, safety on|off   force an input
  stick on|off                                        the boom does not move
  blind on|off                                        the controller itself ignores photocell and safety loop
  state                                               the lane as it is
The end of standard input ends the program.
"""

import asyncio
import json
import logging
import sys
import time

import pymodbus
from pymodbus.pdu.device import ModbusDeviceIdentification
from pymodbus.server import ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice

RAISE, LOWER, STOP, LOCK_OPEN, RED, GREEN, SIREN = range(7)
UP, DOWN, APPROACH, SAFETY, PHOTOCELL, BOOM_OFF, DOOR, LOCAL, E_STOP, POWER = range(10)
STIMULUS = {100: APPROACH, 101: SAFETY, 102: PHOTOCELL, 103: BOOM_OFF, 104: DOOR, 105: LOCAL, 106: E_STOP, 107: POWER}
POWER_CYCLE = 110
WATCHDOG_S = 2.0


class Lane:
    """The boom, its controller, and what stands in its way. Times in seconds."""

    def __init__(self, travel_s):
        self.travel_s = travel_s
        self.position = 0.0
        self.highest = 0.0
        self.motion = 0
        self.coils = [False] * 7
        self.forced = {}
        self.pressed = set()
        self.stuck = False
        self.blind = False
        self.heartbeat = 0
        self.heard = None
        self.power_cycle = False
        self.raises = 0
        self.lowers = 0
        self.hits = 0

    def on(self, number):
        """An input."""
        if number == UP:
            return self.position >= 1.0
        if number == DOWN:
            return self.position <= 0.0
        return self.forced.get(number, False) or number in self.pressed

    def blocked(self):
        return self.on(PHOTOCELL) or self.on(SAFETY)

    def edge(self, coil):
        if coil == RAISE:
            self.raises += 1
        if coil == LOWER:
            self.lowers += 1
        if self.on(LOCAL) or self.on(E_STOP):
            return
        if coil == RAISE:
            self.motion = 1
        elif coil == LOWER and not self.coils[LOCK_OPEN] and (self.blind or not self.blocked()):
            self.motion = -1
        elif coil == STOP:
            self.motion = 0

    def step(self, now, seconds, coils, heartbeat):
        """Returns true when the controller restarts and its memory is to be cleared."""
        self.pressed = {number for address, number in STIMULUS.items() if coils[address]}
        if coils[POWER_CYCLE] and not self.power_cycle:
            self.power_cycle = True
            self.coils, self.motion, self.heartbeat, self.heard = [False] * 7, 0, 0, None
            return True
        self.power_cycle = coils[POWER_CYCLE]
        for number in range(7):
            if coils[number] and not self.coils[number]:
                self.coils[number] = True
                self.edge(number)
        self.coils = list(coils[:7])
        if heartbeat != self.heartbeat:
            self.heartbeat, self.heard = heartbeat, now
        if self.motion < 0 and self.blocked() and not self.blind:
            self.motion = 1
        silent = self.heard is not None and now - self.heard > WATCHDOG_S
        if self.coils[LOCK_OPEN]:
            self.motion = 1
        elif silent and not self.blocked():
            self.motion = -1
        if self.on(E_STOP) and not self.coils[LOCK_OPEN]:
            self.motion = 0
        if self.motion < 0 and self.position > 0 and self.blocked():
            self.hits += 1
        if not self.stuck:
            self.position = min(1.0, max(0.0, self.position + self.motion * seconds / self.travel_s))
        self.highest = max(self.highest, self.position)
        if (self.motion > 0 and self.position >= 1.0) or (self.motion < 0 and self.position <= 0.0):
            self.motion = 0
        return False

    def state(self):
        return {
            "position": round(self.position, 3),
            "highest": round(self.highest, 3),
            "motion": self.motion,
            "raises": self.raises,
            "lowers": self.lowers,
            "hits": self.hits,
            "coils": self.coils,
        }


class Exceptions:
    """pymodbus answers a request that it cannot decode with function 0x80 and exception 1. The standard wants the
    request's own function with the high bit set, and exception 3 when the function is known. This hook on
    pymodbus's packets puts that right; everything else is pymodbus's own."""

    KNOWN = (1, 2, 3, 4, 5, 6, 15, 16)

    def __init__(self):
        self.asked = {}

    def __call__(self, sending, packet):
        if len(packet) < 8:
            return packet
        transaction, function = packet[:2], packet[7]
        if not sending:
            self.asked = {transaction: function}
        elif function == 0x80 and transaction in self.asked:
            function = self.asked[transaction]
            code = 3 if function in self.KNOWN else 1
            return packet[:7] + bytes([function | 0x80, code])
        return packet


async def live(lane, server):
    """Moves the boom and keeps pymodbus's memory and the lane the same."""
    last = time.monotonic()
    while True:
        await asyncio.sleep(0.005)
        now = time.monotonic()
        coils = await server.context.async_getValues(1, 1, 0, 112)
        heartbeat = await server.context.async_getValues(1, 3, 0, 1)
        if lane.step(now, now - last, coils, heartbeat[0]):
            await server.context.async_setValues(1, 15, 0, [False] * 7)
            await server.context.async_setValues(1, 16, 0, [0])
        last = now
        await server.context.async_setValues(1, 2, 0, [lane.on(number) for number in range(10)] + [False] * 6)


async def obey(lane):
    """Commands on standard input."""
    reader = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    inputs = {"photocell": PHOTOCELL, "approach": APPROACH, "safety": SAFETY}
    while line := (await reader.readline()).decode():
        words = line.split()
        if len(words) == 2 and words[0] in inputs:
            lane.forced[inputs[words[0]]] = words[1] == "on"
        elif len(words) == 2 and words[0] == "stick":
            lane.stuck = words[1] == "on"
        elif len(words) == 2 and words[0] == "blind":
            lane.blind = words[1] == "on"
        elif words != ["state"]:
            print(json.dumps({"error": f"unknown command {line.strip()}"}), flush=True)
            continue
        print(json.dumps(lane.state()), flush=True)


async def main():
    # Malformed frames are part of the examination; each would fill a page.
    logging.getLogger("pymodbus").setLevel(logging.CRITICAL + 1)
    travel_s = float(sys.argv[1]) if len(sys.argv) > 1 else 1.0
    identity = ModbusDeviceIdentification(
        info_name={"VendorName": "pymodbus", "ProductCode": "lane", "MajorMinorRevision": pymodbus.__version__}
    )
    bits = lambda words: [SimData(0, count=words, values=[False] * 16, datatype=DataType.BITS)]
    registers = lambda words: [SimData(0, count=words, values=0, datatype=DataType.REGISTERS)]
    device = SimDevice(
        0,
        simdata=(bits(7), bits(1), registers(2), registers(1)),
        use_bit_addressing=True,
        identity=identity,
    )
    server = ModbusTcpServer(device, identity=identity, address=("127.0.0.1", 0), trace_packet=Exceptions())
    await server.serve_forever(background=True)
    port = server.transport.sockets[0].getsockname()[1]
    print(json.dumps({"name": "pymodbus", "version": pymodbus.__version__, "port": port}), flush=True)
    lane = Lane(travel_s)
    living = asyncio.create_task(live(lane, server))
    obeying = asyncio.create_task(obey(lane))
    done, _ = await asyncio.wait([living, obeying], return_when=asyncio.FIRST_COMPLETED)
    for task in done:
        task.result()
    await server.shutdown()


asyncio.run(main())
