// SPDX-License-Identifier: GPL-2.0-or-later

package main

import (
	"context"

	"github.com/vmrr/vmrr/recordings"
	"github.com/vmrr/vmrr/symbols"
)

// lookEvery is how far apart the instants are at which a kernel is looked for where
// there are no snapshots, in instructions.
const lookEvery = 100_000_000

// slide returns how far KASLR has moved the kernel that runs, or will run next, from
// where the machine is. A guest that boots again moves it anew, so the first instant
// counts at which it is there. The error may be one of FindSlide's.
func (k *kernelSymbols) slide(ctx context.Context, table *symbols.Table) (uint64, error) {
	find := func() (uint64, error) { return table.FindSlide(k.timeline, lstar(k.timeline.Machine().Engine)) }
	begun := k.timeline.Machine().Moment().ICount
	slide, err := find()
	if err == nil {
		return slide, nil
	}
	if known, ok := k.FoundSlide(); ok && begun >= known.From && begun <= known.At {
		return known.Slide, nil
	}
	at, end := begun, k.timeline.End().ICount
	for _, s := range k.snapshots() {
		if s <= at || s > end {
			continue
		}
		if err := seek(ctx, k.timeline, s); err != nil {
			return 0, err
		}
		if slide, err = find(); err == nil {
			return slide, nil
		}
		at = s
	}
	// That takes long, so the next time it is to be known.
	show := progress("looking for the kernel")
	for err != nil && at < end {
		at = min(end, at+lookEvery)
		if err := seek(ctx, k.timeline, at); err != nil {
			return 0, err
		}
		if slide, err = find(); err == nil {
			k.KeepSlide(recordings.FoundSlide{From: begun, At: at, Slide: slide})
		}
		if show != nil {
			show(at, end)
		}
	}
	if show != nil {
		show(end, end)
	}
	return slide, err
}

// snapshots returns the instruction counts of the kept snapshots, ascending.
func (k *kernelSymbols) snapshots() (counts []uint64) {
	disk, err := k.Snapshots.Disk()
	if k.ignore || err != nil {
		return nil
	}
	for _, e := range disk.List() {
		counts = append(counts, e.At.ICount)
	}
	return counts
}
