// SPDX-License-Identifier: GPL-2.0-or-later

package timeline

import (
	"slices"
	"testing"
	"time"
)

// A run of so many instructions, each 100 M taking ran of host time, and each
// snapshot taking.
func paced(p Policy, instructions uint64, ran, taking time.Duration) (taken []uint64) {
	clock := time.Unix(0, 0)
	pace := newPacer(p)
	pace.now = func() time.Time { return clock }
	for n := uint64(0); ; {
		next := pace.next(n)
		if next > instructions {
			return taken
		}
		pace.start()
		clock = clock.Add(time.Duration(next-n) * ran / 100e6)
		pace.stop()
		if n = next; pace.due() {
			taken = append(taken, n)
			clock = clock.Add(taking)
			pace.took(taking)
		}
	}
}

// multiples returns the first n multiples of a number.
func multiples(of uint64, n int) (all []uint64) {
	for i := range n {
		all = append(all, of*uint64(i+1))
	}
	return all
}

func TestPacer(t *testing.T) {
	const s, ms = time.Second, time.Millisecond
	for _, test := range []struct {
		name        string
		policy      Policy
		ran, taking time.Duration
		want        []uint64 // of 1,000 M instructions
	}{
		{"the default", Policy{}, 100 * ms, ms, multiples(25e6, 40)},
		{"by instructions", Policy{Every: 400e6}, 100 * ms, ms, []uint64{400e6, 800e6}},
		{"never", Policy{Every: Never}, 100 * ms, ms, nil},
		{"by host time", Policy{Time: 3 * s}, s, ms, []uint64{300e6, 600e6, 900e6}},
		{"by host time, slower", Policy{Time: 3 * s}, 2 * s, ms, []uint64{150e6, 300e6, 450e6, 600e6, 750e6, 900e6}},
		// 250 ms of running allow 12.5 ms of taking.
		{"dear snapshots", Policy{Every: 250e6}, 100 * ms, 25 * ms, []uint64{250e6, 500e6, 1000e6}},
	} {
		if got := paced(test.policy, 1000e6, test.ran, test.taking); !slices.Equal(got, test.want) {
			t.Errorf("%s: snapshots at %d, want %d", test.name, got, test.want)
		}
	}
}
