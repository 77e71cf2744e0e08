// SPDX-License-Identifier: GPL-2.0-or-later

package apic

import "math/bits"

// vectors is a set of interrupt vectors, laid out as the ISR, TMR and IRR
// registers are: vector v is bit v%32 of word v/32 (SDM 11.8.4).
type vectors [8]uint32

func (s *vectors) set(v uint8)      { s[v/32] |= 1 << (v % 32) }
func (s *vectors) clear(v uint8)    { s[v/32] &^= 1 << (v % 32) }
func (s *vectors) has(v uint8) bool { return s[v/32]>>(v%32)&1 != 0 }

// highest returns the highest vector in the set; 0 and false if it is empty.
func (s *vectors) highest() (v uint8, ok bool) {
	for i := len(s) - 1; i >= 0; i-- {
		if s[i] != 0 {
			return uint8(32*i + bits.Len32(s[i]) - 1), true
		}
	}
	return 0, false
}
