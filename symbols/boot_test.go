// SPDX-License-Identifier: GPL-2.0-or-later

package symbols

import (
	"errors"
	"fmt"
	"testing"

	"github.com/vmrr/vmrr/internal/testguest"
)

// linear is the address space of a machine that stands still.
type linear struct{ *testguest.VM }

func (m linear) ReadMemory(addr uint64, p []byte) (int, error) {
	for n := range p {
		pa, ok := m.Engine.Translate(addr + uint64(n))
		if !ok {
			return n, fmt.Errorf("%#x is not mapped", addr)
		}
		if _, err := m.RAM.ReadAt(p[n:n+1], int64(pa)); err != nil {
			return n, err
		}
	}
	return len(p), nil
}

// A boot of a vmlinuz goes through all that FindSlide has to tell apart.
func TestFindSlideInBoot(t *testing.T) {
	table, err := Parse(guestFile(t, testguest.Vmlinuz))
	if err != nil {
		t.Fatal(err)
	}
	vm := testguest.Boot(t, testguest.Options{Kernel: testguest.Vmlinuz})
	const step = 100_000_000
	var early, unset, set int // instants: before the kernel runs, before it sets LSTAR, after
	slide := uint64(0)
	for n := uint64(0); set < 3 && n < 6_000_000_000; n += step {
		vm.Goto(t, n)
		lstar := vm.Unicorn.State().LSTAR
		got, err := table.FindSlide(linear{vm}, lstar)
		switch {
		case errors.Is(err, ErrNotMapped):
			early++
			continue
		case err != nil:
			t.Fatalf("at %v FindSlide = %v; want no error", vm.Moment(), err)
		case slide != 0 && got != slide:
			t.Fatalf("at %v FindSlide = %#x; want %#x as before", vm.Moment(), got, slide)
		case lstar == 0:
			unset++
		default:
			set++
		}
		slide = got
	}
	if early == 0 || unset == 0 || set == 0 || slide == 0 {
		t.Errorf("FindSlide was tried %d times before the kernel ran, %d before it set LSTAR, %d after, and gave %#x; want some of each and a moved kernel",
			early, unset, set, slide)
	}
	handler, ok := table.Lookup("asm_exc_page_fault")
	if got := vm.Gate(t, 14); !ok || got != handler.Addr+slide {
		t.Errorf("page faults are handled at %#x; want asm_exc_page_fault, %#x, moved by %#x", got, handler.Addr, slide)
	}
}
