// SPDX-License-Identifier: GPL-2.0-or-later

package pit

import "math/bits"

// Hz is the frequency of the input clock: a third of the NTSC colour
// subcarrier, 1.193181666... MHz, rounded as everyone's software does.
const Hz = 1_193_182

const second = 1_000_000_000 // ns

// ticksAt returns how many clock pulses have come by virtual time ns, exactly.
// The first is at ns 838; all counters count the same pulses.
func ticksAt(ns uint64) int64 {
	hi, lo := bits.Mul64(ns, Hz)
	t, _ := bits.Div64(hi, lo, second) // hi < Hz < second: no overflow
	return int64(t)
}

// nanosAt returns the first virtual ns at which pulse number tick has come.
func nanosAt(tick int64) uint64 {
	hi, lo := bits.Mul64(uint64(tick), second)
	if hi >= Hz {
		return ^uint64(0) // 585 years: beyond virtual time
	}
	ns, rest := bits.Div64(hi, lo, Hz)
	if rest != 0 {
		ns++
	}
	return ns
}
