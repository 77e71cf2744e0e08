// SPDX-License-Identifier: GPL-2.0-or-later

package i8042

// set2 lists, for each scan code of set 1 (00..7f), the code of set 2 that the
// controller translates into it (IBM PS/2 Hardware Interface Technical
// Reference, "Scan Code Translation").
const set2 = "" +
	"\x00\x76\x16\x1e\x26\x25\x2e\x36\x3d\x3e\x46\x45\x4e\x55\x66\x0d" +
	"\x15\x1d\x24\x2d\x2c\x35\x3c\x43\x44\x4d\x54\x5b\x5a\x14\x1c\x1b" +
	"\x23\x2b\x34\x33\x3b\x42\x4b\x4c\x52\x0e\x12\x5d\x1a\x22\x21\x2a" +
	"\x32\x31\x3a\x41\x49\x4a\x59\x7c\x11\x29\x58\x05\x06\x04\x0c\x03" +
	"\x0b\x02\x0a\x01\x09\x77\x7e\x6c\x75\x7d\x7b\x6b\x73\x74\x79\x69" +
	"\x72\x7a\x70\x71\x7f\x60\x61\x78\x07\x0f\x17\x1f\x27\x2f\x37\x3f" +
	"\x47\x4f\x56\x5e\x08\x10\x18\x20\x28\x30\x38\x40\x48\x50\x57\x6f" +
	"\x13\x19\x39\x51\x53\x5c\x5f\x62\x63\x64\x65\x67\x68\x6a\x6d\x6e"

// set1 is its inverse, with the codes that lie outside 00..7f: F7, SysRq, and
// the overrun code, which differs between the sets. Other codes above 7f
// (prefixes, acknowledgements) pass unchanged.
var set1 = func() (t [256]uint8) {
	for i := range t {
		t[i] = uint8(i)
	}
	for code, from := range []byte(set2) {
		t[from] = uint8(code)
	}
	t[0x83], t[0x84], t[0x00] = 0x41, 0x54, 0xff
	return t
}()

// released precedes a key's code in set 2 when it is let go; in set 1 bit 7
// says so.
const released = 0xf0

// translated gives the byte that reaches the output buffer for one from the
// keyboard; ok is false if it only changes the meaning of the next one.
func (c *Controller) translated(v uint8) (out uint8, ok bool) {
	if c.s.RAM[0]&cmdTranslate == 0 {
		return v, true
	}
	if v == released {
		c.s.Breaking = true
		return 0, false
	}
	v = set1[v]
	if c.s.Breaking && v < 0x80 { // a reply may come between
		c.s.Breaking = false
		v |= 0x80
	}
	return v, true
}
