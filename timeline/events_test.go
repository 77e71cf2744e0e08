// SPDX-License-Identifier: GPL-2.0-or-later

package timeline_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/vmrr/vmrr/machine"
	"github.com/vmrr/vmrr/timeline"
)

func TestToEvent(t *testing.T) {
	s := spokenGuest(t)
	tl, vm := s.open(t)
	var serial, end uint64
	for _, e := range s.events() {
		switch e.Input.Kind {
		case machine.InputSerial:
			serial = e.At.ICount
		case machine.InputEnd:
			end = e.At.ICount
		}
	}
	const none = 1
	for _, c := range []struct {
		from uint64
		kind string
		back bool
		to   uint64 // or none
	}{
		{0, "power", false, none}, // it is at the present count
		{0, "serial", false, serial},
		{0, "input", false, serial},
		{serial, "input", false, end},
		{serial, "serial", false, none},
		{serial + 1, "serial", true, serial},
		{end, "input", true, serial},
		{serial, "input", true, 0},
		{end, "power", true, 0},
		{0, "input", true, none},
		{end, "nmi", true, none},
		{0, "end", false, end},
		{end, "end", false, none},
		{end, "end", true, none},
		{0, "snapshot", false, s.noted},
		{s.noted, "snapshot", false, none},
		{end, "snapshot", true, s.noted},
	} {
		seek(t, tl, c.from)
		r, err := tl.ToEvent(background, c.kind, c.back)
		at := vm.Moment().ICount
		if c.to == none {
			var e *timeline.NotFoundError
			if !errors.As(err, &e) || at != c.from {
				t.Errorf("ToEvent(%q, back %v) from %d: error %v at %d; want a NotFoundError", c.kind, c.back, c.from, err, at)
			}
			continue
		}
		if err != nil || at != c.to || r.At.ICount != c.to {
			t.Errorf("ToEvent(%q, back %v) from %d = %+v, error %v at %d; want it at %d", c.kind, c.back, c.from, r, err, at, c.to)
		}
	}
	if _, err := tl.ToEvent(background, "gift", false); err == nil || !strings.Contains(err.Error(), "want one of input, snapshot, end, serial, reset") {
		t.Errorf("ToEvent(%q): error %v; want one that lists the kinds", "gift", err)
	}
	if _, err := tl.ToEvent(cancelled(), "input", true); err == nil || !strings.Contains(err.Error(), "interrupted") {
		t.Errorf("ToEvent, cancelled: error %v; want interrupted", err)
	}
	// To the mark, from before it and from behind.
	if err := tl.ToMark(background); err == nil {
		t.Errorf("ToMark without one has no error")
	}
	seek(t, tl, 0)
	if err := tl.SetMark(serial); err != nil {
		t.Fatal(err)
	}
	for _, n := range []uint64{0, end} {
		seek(t, tl, n)
		if err := tl.ToMark(background); err != nil || vm.Moment().ICount != serial {
			t.Errorf("ToMark from %d: error %v at %v; want %d", n, err, vm.Moment(), serial)
		}
	}
}
