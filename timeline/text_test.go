// SPDX-License-Identifier: GPL-2.0-or-later

package timeline_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/vmrr/vmrr/machine"
	"github.com/vmrr/vmrr/timeline"
)

// A text on the console is found where straight replay says that its last byte leaves,
// from before and from behind, replayed before or not, also where it lies across
// snapshots and across the present moment.
func TestToConsole(t *testing.T) {
	s := spokenGuest(t)
	const long = "clocksource: tsc-early: mask: 0xffffffffffffffff max_cycles"
	for _, c := range []struct {
		text string
		from uint64 // how far of the recording, in percent
		cut  bool   // a snapshot in the middle of each, and one byte behind that
	}{
		{text: "Linux version", from: 0},
		{text: "Linux version", from: 100},
		{text: "printk: console [ttyS0] enabled\r\n", from: 50},
		{text: "rcu", from: 100, cut: true},
		{text: long, from: 100, cut: true},
		{text: "]", from: 70},
	} {
		tl, vm := s.open(t)
		all := s.said(c.text)
		if len(all) == 0 {
			t.Fatalf("%q is not on the console: the test is void", c.text)
		}
		if c.cut {
			for i, n := range all {
				j, _ := slices.BinarySearch(s.counts, n)
				for k := range 2 {
					seek(t, tl, s.counts[j-len(c.text)/2+k]+1)
					if err := tl.SaveSnapshot("cut" + strings.Repeat("-", 2*i+k)); err != nil {
						t.Fatal(err)
					}
				}
			}
		}
		from := tl.End().ICount / 100 * c.from
		seek(t, tl, from)
		i, at := slices.BinarySearch(all, from) // how many of them are before
		to := func(back bool, i int) {
			t.Helper()
			home := vm.Moment()
			err := tl.ToConsole(background, c.text, back)
			if i < 0 || i >= len(all) {
				var none *timeline.NotFoundError
				if !errors.As(err, &none) || vm.Moment() != home {
					t.Fatalf("ToConsole(%q, back %v) from %v: error %v at %v; want none found, and to be where it began", c.text, back, home, err, vm.Moment())
				}
				return
			}
			if want := (machine.Moment{ICount: all[i]}); err != nil || vm.Moment() != want {
				t.Fatalf("ToConsole(%q, back %v) from %v: error %v at %v; want %v", c.text, back, home, err, vm.Moment(), want)
			}
		}
		to(true, i-1)
		if at {
			i++
		}
		seek(t, tl, from)
		to(false, i)
		// One after the other, back, and forward again from in the middle of one.
		seek(t, tl, all[len(all)-1]+1)
		for j := len(all) - 1; j >= max(-1, len(all)-4); j-- {
			to(true, j)
		}
		j, _ := slices.BinarySearch(s.counts, all[0])
		seek(t, tl, s.counts[j-len(c.text)/2])
		if len(c.text) > 1 {
			to(false, 0)
		}
		for j := 1; j <= min(2, len(all)); j++ {
			to(false, j)
		}
		if shown := vm.Console(); !strings.HasPrefix(s.console, shown) {
			t.Errorf("looking for %q, what is shown is no longer what the guest sent: %q", c.text, shown)
		}
		if c.from == 70 {
			s.sameAs(t, vm, vm.Moment().ICount)
		}
	}
}

// Breakpoints do not stop a search, and stay; cancelled, it returns to where it began.
func TestToConsoleReturns(t *testing.T) {
	s := spokenGuest(t)
	tl, vm := s.openWith(t, timeline.Never, 0) // no search is short
	hot := s.said("rcu")[0] + 1
	seek(t, tl, hot)
	tl.InsertBreak(tl.PC())
	if err := tl.ToConsole(background, "rcu", false); err != nil || vm.Moment().ICount != s.said("rcu")[1] {
		t.Errorf("ToConsole with a breakpoint: error %v at %v; want icount %d", err, vm.Moment(), s.said("rcu")[1])
	}
	seek(t, tl, hot-1)
	if stop, err := tl.Continue(background); err != nil || stop != timeline.StopBreak || vm.Moment().ICount != hot {
		t.Errorf("Continue after searches = %v, error %v at %v; want a breakpoint at %d", stop, err, vm.Moment(), hot)
	}
	for _, back := range []bool{false, true} {
		seek(t, tl, 150_000_000)
		home, hash := vm.Moment(), vm.Hash()
		ctx, cancel := context.WithCancel(background)
		time.AfterFunc(5*time.Millisecond, cancel)
		err := tl.ToConsole(ctx, "nobody says this", back)
		var none *timeline.NotFoundError
		if err == nil || errors.As(err, &none) || !strings.Contains(err.Error(), "interrupted") {
			t.Errorf("ToConsole, back %v, cancelled: error %v; want interrupted", back, err)
		}
		if vm.Moment() != home || vm.Hash() != hash {
			t.Errorf("ToConsole, back %v, cancelled: at %v; want %v", back, vm.Moment(), home)
		}
	}
	for _, text := range []string{"", strings.Repeat("x", 5000)} {
		if err := tl.ToConsole(background, text, false); err == nil || !strings.Contains(err.Error(), "want 1 to 4096") {
			t.Errorf("ToConsole of %d bytes: error %v", len(text), err)
		}
	}
}
