// SPDX-License-Identifier: GPL-2.0-or-later

package acpi

import (
	"encoding/binary"
	"math/bits"
)

// Lengths of the fixed register blocks, in ports (ACPI 6.5, 4.8.3).
const (
	pm1EventLen   = 4
	pm1ControlLen = 2
	pmTimerLen    = 4
)

// Flags of the FADT (ACPI 6.5, 5.2.9). The power button is fixed hardware,
// which is what its flag's being zero says.
const (
	fadtWBINVD      = 1 << 0
	fadtC1          = 1 << 2
	fadtNoSleepBtn  = 1 << 5
	fadtNoRTCWake   = 1 << 6
	fadtTimer32     = 1 << 8
	fadtResetRegSup = 1 << 10
)

// IA-PC boot architecture flags (ACPI 6.5, 5.2.9.3).
const (
	bootLegacyDevices = 1 << 0
	boot8042          = 1 << 1
	bootNoVGA         = 1 << 2
)

// fadtV4 is the FADT without its header, as of ACPI 4.0 (revision 4, 244 bytes
// in all): everything that a machine which is not hardware-reduced needs.
type fadtV4 struct {
	FirmwareControl, DSDT    uint32
	_                        uint8 // once the interrupt model
	Profile                  uint8
	SCI                      uint16
	SMICommand               uint32 // 0: always in ACPI mode
	_                        [4]uint8
	PM1aEvent, PM1bEvent     uint32
	PM1aControl, PM1bControl uint32
	PM2Control, PMTimer      uint32
	GPE0, GPE1               uint32
	PM1EventLen              uint8
	PM1ControlLen            uint8
	PM2ControlLen            uint8
	PMTimerLen               uint8
	GPE0Len, GPE1Len         uint8
	GPE1Base, CSTControl     uint8
	C2Latency, C3Latency     uint16 // µs; above 100 and 1000: not there
	FlushSize, FlushStride   uint16
	DutyOffset, DutyWidth    uint8
	DayAlarm, MonthAlarm     uint8
	Century                  uint8
	BootArch                 uint16
	_                        uint8
	Flags                    uint32
	ResetRegister            genericAddress
	ResetValue               uint8
	_                        [3]uint8
	XFirmwareControl, XDSDT  uint64
	XPM1aEvent, XPM1bEvent   genericAddress
	XPM1aControl             genericAddress
	XPM1bControl             genericAddress
	XPM2Control, XPMTimer    genericAddress
	XGPE0, XGPE1             genericAddress
}

// genericAddress says where a register is (ACPI 6.5, 5.2.3.2).
type genericAddress struct {
	Space   uint8 // 1: system I/O
	Bits    uint8
	Offset  uint8
	Access  uint8 // 1 byte, 2 word, 3 dword; 0 undefined
	Address uint64
}

// port describes n I/O ports from first that are accessed size bytes at a time;
// no port is an address of zero.
func port(first uint16, n, size uint8) genericAddress {
	if first == 0 {
		return genericAddress{}
	}
	return genericAddress{Space: 1, Bits: 8 * n, Access: uint8(bits.Len8(size)), Address: uint64(first)}
}

// fadt assembles the fixed description table, given the addresses of the FACS
// and the DSDT. X_FIRMWARE_CTRL stays zero, as it must if the other is not.
func (c *Config) fadt(facs, dsdt uint64) []byte {
	t := fadtV4{
		FirmwareControl: uint32(facs),
		DSDT:            uint32(dsdt),
		Profile:         1, // desktop
		SCI:             uint16(c.SCI),
		PM1aEvent:       uint32(c.PM1Event),
		PM1aControl:     uint32(c.PM1Control),
		PMTimer:         uint32(c.PMTimer),
		GPE0:            uint32(c.GPE0),
		PM1EventLen:     pm1EventLen,
		PM1ControlLen:   pm1ControlLen,
		PMTimerLen:      pmTimerLen,
		C2Latency:       0xFFFF,
		C3Latency:       0xFFFF,
		Century:         c.Century,
		BootArch:        bootLegacyDevices,
		Flags:           fadtWBINVD | fadtC1 | fadtNoSleepBtn | fadtNoRTCWake | fadtTimer32,
		ResetRegister:   port(c.ResetPort, 1, 1),
		ResetValue:      c.ResetValue,
		XDSDT:           dsdt,
		XPM1aEvent:      port(c.PM1Event, pm1EventLen, 2),
		XPM1aControl:    port(c.PM1Control, pm1ControlLen, 2),
		XPMTimer:        port(c.PMTimer, pmTimerLen, 4),
		XGPE0:           port(c.GPE0, c.GPE0Len, 1),
	}
	if c.ResetPort != 0 {
		t.Flags |= fadtResetRegSup
	}
	if c.GPE0 != 0 {
		t.GPE0Len = c.GPE0Len
	}
	if c.has("PNP0303") {
		t.BootArch |= boot8042
	}
	if !c.VGA {
		t.BootArch |= bootNoVGA
	}
	body, err := binary.Append(nil, binary.LittleEndian, &t)
	if err != nil {
		panic(err) // fadtV4 is of fixed size
	}
	return table("FACP", 4, body)
}

// has reports whether there is a device with this hardware ID.
func (c *Config) has(hid string) bool {
	for _, d := range c.Devices {
		if d.HID == hid {
			return true
		}
	}
	return false
}
