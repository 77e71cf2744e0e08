// SPDX-License-Identifier: GPL-2.0-or-later

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"

	"github.com/vmrr/vmrr/internal/atomicfile"
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
	if known, ok := k.readSlide(); ok && begun >= known.From && begun <= known.At {
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
			k.writeSlide(foundSlide{From: begun, At: at, Slide: slide})
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
	if k.ignore || k.kept.err != nil {
		return nil
	}
	for _, e := range k.kept.disk.List() {
		counts = append(counts, e.At.ICount)
	}
	return counts
}

// foundSlide is what is remembered, beside the recording, of a search for the kernel.
type foundSlide struct {
	Recording string `json:"recording"` // its id
	// A search from icount From on found the kernel at icount At first: one that
	// begins in between finds the same.
	From  uint64 `json:"from"`
	At    uint64 `json:"at"`
	Slide uint64 `json:"slide"`
}

func (k *kernelSymbols) slidePath() string { return filepath.Join(k.dir.Path(), "kaslr.json") }

// readSlide returns what is remembered, if that is of this recording and can be true.
func (k *kernelSymbols) readSlide() (found foundSlide, ok bool) {
	f, err := os.Open(k.slidePath())
	if err != nil {
		return found, false
	}
	defer f.Close()
	d := json.NewDecoder(io.LimitReader(f, 4096))
	d.DisallowUnknownFields()
	err = d.Decode(&found)
	if err == nil && (found.Recording != k.dir.ID().String() || !symbols.PossibleSlide(found.Slide)) {
		err = errors.New("it is of another recording, or damaged")
	}
	if err != nil {
		slog.Debug("what was known of the kernel's place is not used", "file", k.slidePath(), "err", err)
		return found, false
	}
	return found, true
}

// writeSlide remembers a search. Where nothing can be written it is repeated.
func (k *kernelSymbols) writeSlide(found foundSlide) {
	found.Recording = k.dir.ID().String()
	err := atomicfile.Write(k.slidePath(), func(w io.Writer) error { return json.NewEncoder(w).Encode(found) })
	if err != nil {
		slog.Debug("the kernel's place is not remembered", "err", fmt.Errorf("writing %s: %w", k.slidePath(), err))
	}
}
