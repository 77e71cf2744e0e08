// SPDX-License-Identifier: GPL-2.0-or-later

package main

import (
	"fmt"
	"strings"

	"github.com/vmrr/vmrr/snapshots"
)

// trouble is a file that makes snapshots unusable.
type trouble struct {
	places  []error // what is wrong with it
	entries []snapshots.Entry
}

// unusable returns an error for each file that makes snapshots unusable, of which there
// are so many in all: one byte can be needed by most of them.
func unusable(damaged []snapshots.Damaged, all int) (errs []error) {
	var files []*trouble // in the order of the first snapshots
	by := make(map[string]*trouble)
	seen := make(map[string]bool)
	for _, d := range damaged {
		for _, err := range d.Errs {
			file := snapshots.PlaceOf(err)
			t := by[file]
			if t == nil {
				t = &trouble{}
				by[file], files = t, append(files, t)
			}
			if why := err.Error(); !seen[why] {
				seen[why], t.places = true, append(t.places, err)
			}
			if n := len(t.entries); n == 0 || t.entries[n-1] != d.Entry {
				t.entries = append(t.entries, d.Entry)
			}
		}
	}
	for _, t := range files {
		errs = append(errs, t.err(all))
	}
	return errs
}

// err says which snapshots cannot be used, and why.
func (t *trouble) err(all int) error {
	err := fmt.Errorf("%s cannot be used: %w", t.which(all), t.places[0])
	switch more := len(t.places) - 1; more {
	case 0:
		return err
	case 1:
		return fmt.Errorf("%w; it is damaged at another place, too", err)
	default:
		return fmt.Errorf("%w; it is damaged at %d more places", err, more)
	}
}

// which says which snapshots those are; they are in the order of their counts.
func (t *trouble) which(all int) string {
	first, last := t.entries[0], t.entries[len(t.entries)-1]
	if len(t.entries) == 1 {
		return "the snapshot " + nameOf(first)
	}
	text := fmt.Sprintf("%d of %d snapshots, icount %d to %d,", len(t.entries), all, first.At.ICount, last.At.ICount)
	var named []string
	for _, e := range t.entries {
		if e.Name != "" {
			named = append(named, nameOf(e))
		}
	}
	if len(named) > 0 {
		text += " with " + strings.Join(named, ", ") + ","
	}
	return text
}

// nameOf names a snapshot by its name, if it has one, and its moment.
func nameOf(e snapshots.Entry) string {
	if e.Name == "" {
		return fmt.Sprintf("of %v", e.At)
	}
	return fmt.Sprintf("%q of %v", e.Name, e.At)
}
