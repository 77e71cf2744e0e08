// SPDX-License-Identifier: GPL-2.0-or-later

package unicorn

import (
	"testing"

	"github.com/vmrr/vmrr/cpu"
)

// microGuests are the programs of testdata that run to their HLT by themselves.
var microGuests = []struct {
	name  string
	model string
	check func(t *testing.T, g *guest) // at the end
}{
	{"smoke", "qemu64", func(t *testing.T, g *guest) {}},
}

// TestEveryCount runs each micro-guest to every count k from the start in one
// run, by single steps, in slices and through a saved state, with the TLB
// flushed at random and not: the state at k must be the same each time.
func TestEveryCount(t *testing.T) {
	for _, mg := range microGuests {
		t.Run(mg.name, func(t *testing.T) {
			g := newGuest(t, mg.name, withModel(mg.model))
			why, err := g.Run(100000)
			if err != nil || why != cpu.StopHalt {
				t.Fatalf("Run to the end: stopped for %v, %v at icount %d, pc %#x; want halt", why, err, g.ICount(), g.PC())
			}
			end, endHash := g.ICount(), g.hash()
			mg.check(t, g)
			stride := end/400 + 1

			want := make([]uint64, end)
			g.rewind()
			for k := uint64(1); k < end; k++ {
				g.runTo(k)
				want[k] = g.hash()
			}
			g.rewind()
			for k := uint64(1); k < end; k++ {
				g.FlushTLB()
				g.runTo(k)
				if h := g.hash(); h != want[k] {
					t.Fatalf("icount %d by single steps with the TLB flushed before each: hash %x, want %x (pc %#x)", k, h, want[k], g.PC())
				}
			}
			for k := uint64(1); k < end; k += stride {
				g.rewind()
				g.runTo(k)
				if h := g.hash(); h != want[k] {
					t.Fatalf("icount %d in one run: hash %x, by single steps %x (pc %#x)", k, h, want[k], g.PC())
				}
				// On from a state that was saved and loaded here, in slices of 7.
				saved := g.Save()
				if err := g.Load(saved); err != nil {
					t.Fatal(err)
				}
				for n := k + 7; n < end && n < k+70; n += 7 {
					g.runTo(n)
					if h := g.hash(); h != want[n] {
						t.Fatalf("icount %d by slices of 7 from a state loaded at %d: hash %x, want %x (pc %#x)", n, k, h, want[n], g.PC())
					}
				}
			}
			g.rewind()
			if why, err := g.Run(100000); err != nil || why != cpu.StopHalt || g.ICount() != end || g.hash() != endHash {
				t.Errorf("second run: %v, %v, icount %d, hash %x; want halt at %d, hash %x", why, err, g.ICount(), g.hash(), end, endHash)
			}
		})
	}
}
