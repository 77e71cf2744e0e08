// SPDX-License-Identifier: GPL-2.0-or-later

package main

import (
	"errors"
	"slices"
	"testing"

	"github.com/vmrr/vmrr/internal/badfile"
	"github.com/vmrr/vmrr/machine"
	"github.com/vmrr/vmrr/snapshots"
)

// However many snapshots need what is damaged, a file of them is one line.
func TestUnusable(t *testing.T) {
	at := func(file string, offset int64) error {
		return &badfile.DamagedError{File: file, Offset: offset, What: "bad"}
	}
	one, two, three, other := at("a", 5), at("a", 9), at("a", 12), at("b", 7)
	changed := errors.New("gone")
	bad := func(name string, icount uint64, errs ...error) snapshots.Damaged {
		return snapshots.Damaged{Entry: snapshots.Entry{Name: name, At: machine.Moment{ICount: icount}}, Errs: errs}
	}
	for _, c := range []struct {
		what    string
		damaged []snapshots.Damaged
		want    []string
	}{
		{"nothing", nil, nil},
		{"one", []snapshots.Damaged{bad("", 10, one)}, []string{"the snapshot of icount 10 cannot be used: a is damaged at byte 5: bad"}},
		{"one with a name", []snapshots.Damaged{bad("init", 0, one)}, []string{`the snapshot "init" of icount 0 cannot be used: a is damaged at byte 5: bad`}},
		{"many", []snapshots.Damaged{bad("", 10, one), bad("mine", 20, one), bad("", 30, one)},
			[]string{`3 of 99 snapshots, icount 10 to 30, with "mine" of icount 20, cannot be used: a is damaged at byte 5: bad`}},
		{"two names", []snapshots.Damaged{bad("x", 10, one), bad("y", 20, one)},
			[]string{`2 of 99 snapshots, icount 10 to 20, with "x" of icount 10, "y" of icount 20, cannot be used: a is damaged at byte 5: bad`}},
		{"two places", []snapshots.Damaged{bad("", 10, one), bad("", 20, one, two)},
			[]string{"2 of 99 snapshots, icount 10 to 20, cannot be used: a is damaged at byte 5: bad; it is damaged at another place, too"}},
		{"many places", []snapshots.Damaged{bad("", 10, one), bad("", 20, two, three)},
			[]string{"2 of 99 snapshots, icount 10 to 20, cannot be used: a is damaged at byte 5: bad; it is damaged at 2 more places"}},
		{"two files", []snapshots.Damaged{bad("", 10, one), bad("", 20, one, other), bad("", 30, changed)},
			[]string{"2 of 99 snapshots, icount 10 to 20, cannot be used: a is damaged at byte 5: bad",
				"the snapshot of icount 20 cannot be used: b is damaged at byte 7: bad",
				"the snapshot of icount 30 cannot be used: gone"}},
	} {
		var got []string
		for _, err := range unusable(c.damaged, 99) {
			got = append(got, err.Error())
			if !errors.Is(err, changed) && exitCode(err) != exitDamaged {
				t.Errorf("%s: exit code %d of %v; want %d", c.what, exitCode(err), err, exitDamaged)
			}
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: unusable(%v) = %q; want %q", c.what, c.damaged, got, c.want)
		}
	}
}
