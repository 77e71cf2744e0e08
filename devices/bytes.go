// SPDX-License-Identifier: GPL-2.0-or-later

package devices

// InBytes is Ports.In for a device that has a byte at each port: it reads size of them,
// at ascending ports.
func InBytes(port uint16, size int, read func(port uint16) uint8) uint32 {
	v := uint32(0)
	for i := range size {
		v |= uint32(read(port+uint16(i))) << (8 * i)
	}
	return v
}

// OutBytes is Ports.Out for such a device.
func OutBytes(port uint16, size int, value uint32, write func(port uint16, value uint8)) {
	for i := range size {
		write(port+uint16(i), uint8(value>>(8*i)))
	}
}
