// SPDX-License-Identifier: GPL-2.0-or-later

package snapshots

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/vmrr/vmrr/machine"
)

// fakeMemory tracks dirty pages as an engine does and checks how it is used.
type fakeMemory struct {
	ram     []byte
	epoch   uint32
	written []uint32 // per page, the epoch of its last write
	changed []int    // pages reported by PagesChanged
	asked   int      // pages reported by DirtySince
}

func newFakeMemory(pages int) *fakeMemory {
	return &fakeMemory{ram: make([]byte, pages*PageSize), epoch: 1, written: make([]uint32, pages)}
}

func (m *fakeMemory) RAM() []byte        { return m.ram }
func (m *fakeMemory) DirtyEpoch() uint32 { m.epoch++; return m.epoch }

func (m *fakeMemory) DirtySince(epoch uint32, f func(int)) {
	for i, e := range m.written {
		if e >= epoch {
			m.asked++
			f(i)
		}
	}
}

func (m *fakeMemory) PagesChanged(first, count int) {
	for i := range count {
		m.changed = append(m.changed, first+i)
		m.written[first+i] = m.epoch // as a real engine would
	}
}

func (m *fakeMemory) write(offset int, b byte) {
	m.ram[offset] = b
	m.written[offset/PageSize] = m.epoch
}

// dirty writes at random: bytes, zeroed pages, and the same contents again.
func (m *fakeMemory) dirty(r *rand.Rand, n int) {
	for range n {
		i := r.IntN(len(m.written))
		switch r.IntN(5) {
		case 0:
			clear(m.ram[i*PageSize:][:PageSize])
			m.written[i] = m.epoch
		case 1:
			m.write(i*PageSize, m.ram[i*PageSize])
		default:
			m.write(i*PageSize+r.IntN(PageSize), byte(r.Uint32()))
		}
	}
}

func at(icount uint64, sub uint32) State {
	return State{State: machine.State{At: machine.Moment{ICount: icount, Sub: sub}}}
}

func newStore(t testing.TB, m Memory, compare bool) *Store {
	t.Helper()
	s, err := NewStore(m)
	if err != nil {
		t.Fatal(err)
	}
	s.compare = compare
	return s
}

func TestRestoreGivesBackWhatWasTaken(t *testing.T) {
	for _, pages := range []int{1, 7, chunkPages, 2*chunkPages + 65} {
		for _, compare := range []bool{false, true} {
			r := rand.New(rand.NewPCG(uint64(pages), 2))
			m := newFakeMemory(pages)
			s := newStore(t, m, compare)
			copies := map[*Snapshot][]byte{}
			m.dirty(r, pages)
			for step := range 120 {
				name := fmt.Sprintf("%d pages, compare %v, step %d", pages, compare, step)
				m.dirty(r, r.IntN(20))
				list := s.List()
				switch {
				case len(list) == 0 || r.IntN(3) == 0:
					snap := s.Take("", at(uint64(r.IntN(1000)), 0))
					copies[snap] = bytes.Clone(m.ram)
				case r.IntN(8) == 0:
					s.Delete(list[r.IntN(len(list))])
				case r.IntN(10) == 0:
					m.ram[r.IntN(len(m.ram))]++ // behind the tracking's back
					s.Forget()
				default:
					snap := list[r.IntN(len(list))]
					before := bytes.Clone(m.ram)
					m.changed = nil
					n, err := s.Restore(snap)
					if err != nil || !bytes.Equal(m.ram, copies[snap]) {
						t.Fatalf("%s: Restore = %v, or RAM is not what was taken", name, err)
					}
					var want []int
					for i := range pages {
						if !bytes.Equal(before[i*PageSize:][:PageSize], m.ram[i*PageSize:][:PageSize]) {
							want = append(want, i)
						}
					}
					if n != len(want) || !slices.Equal(m.changed, want) {
						t.Fatalf("%s: %d pages written, %v invalidated; want %v", name, n, m.changed, want)
					}
				}
			}
			for snap, want := range copies {
				got := make([]byte, len(want)+5)
				if n, err := snap.ReadRAM(got, 0); err != nil || n != len(want) || !bytes.Equal(got[:n], want) {
					t.Errorf("%d pages: a snapshot changed after it was taken", pages)
				}
			}
		}
	}
}

func TestCostIsWhatChanged(t *testing.T) {
	const pages = 4 * chunkPages
	m := newFakeMemory(pages)
	for i := range pages / 2 {
		m.write(i*PageSize, byte(i)|1) // no two alike
		m.write(i*PageSize+1, byte(i))
		m.write(i*PageSize+2, byte(i>>8))
	}
	s := newStore(t, m, false)
	first := s.Take("a", at(1, 0))
	if want := int64(pages/2*PageSize + 2*chunkPages*8); s.Bytes() != want {
		t.Errorf("the first snapshot takes %d bytes; want %d: zero pages are free", s.Bytes(), want)
	}
	before := s.Bytes()
	m.write(5*PageSize, 2)
	m.write(6*PageSize, m.ram[6*PageSize]) // no change
	m.asked = 0
	s.Take("b", at(2, 0))
	s.Take("c", at(2, 0))
	if m.asked != 2 {
		t.Errorf("two Takes after two writes looked at %d pages; want 2", m.asked)
	}
	if got, want := s.Bytes()-before, int64(PageSize+chunkPages*8); got != want {
		t.Errorf("two more snapshots, one page changed, take %d more bytes; want %d", got, want)
	}
	m.changed = nil
	if n, err := s.Restore(first); n != 1 || err != nil || !slices.Equal(m.changed, []int{5}) {
		t.Errorf("Restore wrote %d pages %v, %v; want page 5", n, m.changed, err)
	}
	if n, _ := s.Restore(first); n != 0 {
		t.Errorf("restoring again wrote %d pages; want none", n)
	}
}

func TestStoreList(t *testing.T) {
	m := newFakeMemory(1)
	s := newStore(t, m, false)
	for _, x := range []struct {
		name   string
		icount uint64
		sub    uint32
	}{{"c", 200, 0}, {"a", 100, 0}, {"b", 100, 2}, {"", 100, 0}, {"z", 300, 0}, {"d", 200, 0}, {"z", 50, 0}} {
		s.Take(x.name, at(x.icount, x.sub))
	}
	var got []string
	for _, snap := range s.List() {
		got = append(got, snap.Name)
	}
	if want := []string{"z", "a", "", "b", "c", "d"}; !slices.Equal(got, want) {
		t.Errorf("List = %q; want %q", got, want)
	}
	if s.Named("") != nil || s.Named("nobody") != nil || s.Named("b") != s.List()[3] {
		t.Error("Named does not find b alone")
	}
	tests := []struct {
		icount uint64
		sub    uint32
		want   string
	}{{49, 9, "none"}, {50, 0, "z"}, {100, 0, ""}, {100, 1, ""}, {100, 2, ""}, {100, 3, "b"}, {199, 0, "b"}, {200, 0, "d"}, {1 << 63, 0, "d"}}
	for _, test := range tests {
		got := "none"
		if snap := s.Nearest(machine.Moment{ICount: test.icount, Sub: test.sub}); snap != nil {
			got = snap.Name
		}
		if got != test.want {
			t.Errorf("Nearest(%d+%d) = %q; want %q", test.icount, test.sub, got, test.want)
		}
	}
	b := s.Named("b")
	if !s.Delete(b) || s.Delete(b) || s.Named("b") != nil {
		t.Error("Delete does not delete once")
	}
}

func TestOtherRAMIsRefused(t *testing.T) {
	small := newStore(t, newFakeMemory(1), false)
	big := newStore(t, newFakeMemory(2), false)
	snap := small.Take("", at(1, 0))
	if _, err := big.Restore(snap); err == nil {
		t.Error("Restore of a smaller machine's snapshot gives no error")
	}
	if err := big.Add(snap); err == nil {
		t.Error("Add of a smaller machine's snapshot gives no error")
	}
	for _, n := range []int{0, 1, PageSize + 1} {
		if _, err := NewStore(&fakeMemory{ram: make([]byte, n)}); err == nil {
			t.Errorf("NewStore with %d bytes of RAM gives no error", n)
		}
	}
}
