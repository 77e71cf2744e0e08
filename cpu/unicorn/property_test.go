// SPDX-License-Identifier: GPL-2.0-or-later

package unicorn

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"runtime"
	"sync"
	"testing"

	"github.com/vmrr/vmrr/cpu"
	"github.com/vmrr/vmrr/cpu/x86"
)

// TestSoup runs random bytes as user code, with all faults handled, and compares
// one run with slices of random length in which the TLB is flushed, interrupts
// are raised, and the state saved and loaded at random.
func TestSoup(t *testing.T) {
	const bound = 3000
	seeds := []uint64{134, 191, 319, 500, 638, 1037, 1268, 2317} // they have found something
	for seed := range uint64(60) {
		seeds = append(seeds, seed)
	}
	for _, seed := range seeds {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			g := newGuest(t, "soup", withModel([]string{"qemu64", "max"}[seed%2]))
			random := rand.New(rand.NewPCG(seed, 1))
			fillSoup(g, random)
			g.start.EFER &^= 1 // no way into the kernel but by a gate
			g.setImage()
			for n := uint64(100 + random.Uint64N(50)); n < bound; n += 50 + random.Uint64N(300) {
				g.events = append(g.events, event{n, func(g *guest) { g.board.raise(0x20 + uint8(g.ICount()%200)) }})
			}
			end := uint64(bound)
			if !g.runTo(bound) {
				end = g.ICount()
			}
			want := g.hash()
			for round := range 4 {
				g.rewind()
				for k := uint64(0); k < end; {
					k = min(end, k+1+random.Uint64N([]uint64{1, 5, 40, 1000}[round]))
					g.runTo(k)
					switch random.IntN(6) {
					case 0:
						g.FlushTLB()
					case 1:
						saved := g.Save()
						if err := g.Load(saved); err != nil {
							t.Fatal(err)
						}
					}
				}
				if h := g.hash(); h != want {
					t.Fatalf("seed %d, icount %d in slices, round %d: hash %x, in one run %x", seed, end, round, h, want)
				}
			}
		})
	}
}

// fillSoup puts random code at 0xd0000 and takes the rights from some of the
// pages around it.
func fillSoup(g *guest, random *rand.Rand) {
	for i := range 0x1000 {
		g.ram[0xd0000+i] = byte(random.Uint32())
	}
	// Bytes that do things: prefixes, moves through registers, string instructions,
	// jumps and calls, stack, ports, SSE and x87.
	spice := []string{"\x90", "\xeb\x02", "\x48\x89\x07", "\x48\x8b\x06", "\xf3\xaa", "\xf3\xa4", "\x50", "\x5b", "\xff\x07",
		"\x0f\xa2", "\x0f\x31", "\xe6\x80", "\xe4\x61", "\x9c", "\x9d", "\xcd\x80", "\xcc", "\x75\xf0", "\xe2\xf8", "\xf0\x48\x0f\xc1\x07",
		"\x66\x0f\x6f\x07", "\xd9\xeb", "\xdc\xc1", "\x0f\xc7\x0f", "\x48\xbf\x00\x00\x0d\x00\x00\x00\x00\x00",
		"\x48\xbe\x00\x00\x00\x10\x00\x00\x00\x00", "\xbf\xf8\x0f\x0d\x00", "\x0f\x05", "\x0f\x0b", "\x48\xff\xc0", "\xb9\x05\x00\x00\x00"}
	for i := 0; i < 0xfe0; i += 1 + random.IntN(6) {
		copy(g.ram[0xd0000+i:], spice[random.IntN(len(spice))])
	}
	// User mode reaches 0xd0000 to 0xdffff and the devices, and nothing else.
	for i := uint64(0); i < 512; i++ {
		page := i << 12
		flags := uint64(3)
		if page >= 0xd0000 && page < 0xe0000 {
			flags = []uint64{7, 7, 7, 5, 6, 7 | 1<<63}[random.IntN(6)]
		}
		if page == 0xd0000 || page == 0xd7000 {
			flags = 7
		}
		g.setQuad(guestPT+8*i, page|flags)
	}
}

// TestInstances runs two engines on two threads at once, several times over: the
// same guest gives the same hashes as alone.
func TestInstances(t *testing.T) {
	names := []string{"selfmod", "paging", "interrupts", "trap"}
	want := map[string]uint64{}
	for _, name := range names {
		g := newGuest(t, name)
		g.finish()
		want[name] = g.hash()
	}
	var both sync.WaitGroup
	for n := range 2 {
		both.Add(1)
		go func() {
			defer both.Done()
			runtime.LockOSThread()
			defer runtime.UnlockOSThread()
			for i := range 8 {
				name := names[(i+n)%len(names)]
				g := newGuest(t, name)
				for g.runTo(g.ICount() + 100) {
				}
				if h := g.hash(); h != want[name] {
					t.Errorf("guest %s beside another: hash %x, alone %x", name, h, want[name])
				}
			}
		}()
	}
	both.Wait()
}

// TestCodeCache overflows a small code cache again and again: it does not show.
func TestCodeCache(t *testing.T) {
	run := func(size uint64, slice uint64) (uint64, uint64, Stats) {
		g := newGuest(t, "churn", func(c *Config) { c.CodeCache = size })
		g.start.Regs[15] = 2500
		g.rewind()
		for g.runTo(g.ICount() + slice) {
		}
		return g.ICount(), g.hash(), g.Stats()
	}
	end, want, stats := run(64<<20, 1<<40)
	if stats.CacheFlushes != 0 {
		t.Errorf("a code cache of 64 MiB was flushed %d times; want the reference to need none", stats.CacheFlushes)
	}
	for _, slice := range []uint64{1 << 40, 10007, 333} {
		n, h, stats := run(MinCodeCache, slice)
		if n != end || h != want || stats.CacheFlushes < 3 {
			t.Errorf("2 MiB of code cache, slices of %d: icount %d, hash %x, %d flushes; want %d, %x, at least 3",
				slice, n, h, stats.CacheFlushes, end, want)
		}
	}
}

// TestDirty compares the pages reported as written with those that differ from a
// copy, over slices of guests that store in every way.
func TestDirty(t *testing.T) {
	for _, name := range []string{"paging", "selfmod", "faults", "churn", "ports", "fpu", "softint", "a20"} {
		g := newGuest(t, name)
		g.start.Regs[15] = 60
		g.rewind()
		random := rand.New(rand.NewPCG(7, 7))
		for on := true; on; {
			epoch := g.DirtyEpoch()
			before := bytes.Clone(g.ram)
			from := g.ICount()
			for range 1 + random.IntN(4) {
				on = g.runTo(g.ICount() + 1 + random.Uint64N(400))
				if !on {
					break
				}
			}
			dirty := map[int]bool{}
			g.DirtySince(epoch, func(page int) { dirty[page] = true })
			for page := range guestRAM / cpu.PageSize {
				at := page * cpu.PageSize
				if !dirty[page] && !bytes.Equal(before[at:at+cpu.PageSize], g.ram[at:at+cpu.PageSize]) {
					t.Fatalf("guest %s, icount %d to %d: page %#x changed and is not reported", name, from, g.ICount(), at)
				}
			}
			if len(dirty) > 300 {
				t.Errorf("guest %s, icount %d to %d: %d pages are reported; want those that were written", name, from, g.ICount(), len(dirty))
			}
		}
	}
}

// TestSecondEngine saves a guest in mid-run, encodes it, and goes on in an engine
// that has never seen it: every state from there on must be the same.
func TestSecondEngine(t *testing.T) {
	for _, name := range []string{"fpu", "paging", "trap", "nmi", "debug", "faults"} {
		a := newGuest(t, name)
		end := a.finish()
		for _, at := range []uint64{7, end / 5, end / 3, end / 2, end - 20} {
			a.rewind()
			a.runTo(at)
			var s x86.State
			if err := s.Decode(a.Save()); err != nil {
				t.Fatal(err)
			}
			b := newGuest(t, name)
			copy(b.ram, a.ram)
			b.Invalidate(0, guestRAM)
			if err := b.Load(s.Encode()); err != nil {
				t.Fatal(err)
			}
			b.SetICount(a.ICount())
			b.board.log = append([]access(nil), a.board.log...)
			b.board.tpr, b.board.vector = a.board.tpr, a.board.vector
			if a.Interruptible() && !b.Interruptible() {
				b.SetInterrupt(true) // the pin is the board's
			}
			for k := at; k <= end; k += 1 + (end-at)/40 {
				a.runTo(k)
				b.runTo(k)
				if h, want := b.hash(), a.hash(); h != want {
					t.Fatalf("%s from a state at %d, icount %d in a second engine: hash %x, want %x", name, at, k, h, want)
				}
			}
			b.Close()
		}
	}
}

// TestDMA changes code and page tables from outside between runs.
func TestDMA(t *testing.T) {
	g := newGuest(t, "forever")
	g.runTo(1000)
	// INC RAX (48 ff c0) becomes DEC RAX (48 ff c8), in hot code.
	at := g.symbol("main") + 2
	before := g.State().Regs[x86.RegRAX]
	g.ram[at+2] = 0xc8
	g.Invalidate(at+2, 1)
	g.runTo(1000 + 2*before)
	if got := g.State().Regs[x86.RegRAX]; got > 1 {
		t.Errorf("after DMA made INC a DEC, RAX went from %d to %d in %d rounds; want 0", before, got, before)
	}
	// The page of the loop by another one, in which it is INC again.
	page := at &^ 0xfff
	copy(g.ram[0xd0000:], g.ram[page:page+0x1000])
	g.ram[0xd0000+at-page+2] = 0xc0
	g.setQuad(guestPT+page>>12<<3, 0xd0007)
	g.Invalidate(guestPT, 4096)
	from := g.State().Regs[x86.RegRAX]
	g.runTo(g.ICount() + 200)
	if got := g.State().Regs[x86.RegRAX]; got != from+100 {
		t.Errorf("after DMA moved the page of the code, RAX went from %d to %d in 100 rounds; want %d", from, got, from+100)
	}
	if pa, ok := g.Translate(at); !ok || pa != 0xd0000+at-page {
		t.Errorf("Translate(%#x) = %#x, %v; want %#x", at, pa, ok, 0xd0000+at-page)
	}
	if _, ok := g.Translate(1 << 40); ok {
		t.Errorf("Translate(%#x) finds a page; want none", uint64(1)<<40)
	}
}
