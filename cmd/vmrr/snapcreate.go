// SPDX-License-Identifier: GPL-2.0-or-later

package main

import (
	"context"
	"fmt"
	"io"
	"iter"
	"math"
	"slices"

	"github.com/dustin/go-humanize"

	"github.com/vmrr/vmrr/machine"
	"github.com/vmrr/vmrr/recordings"
	"github.com/vmrr/vmrr/snapshots"
	"github.com/vmrr/vmrr/timeline"
)

// maxCreated is how many snapshots --every makes at most. Each takes at least the state
// of the processor and the devices, and whoever opens the recording reads about all.
const maxCreated = 100_000

// createOptions are the options of `vmrr snapshots create`.
type createOptions struct {
	every  string
	at     []string
	name   string
	budget string
}

func createSnapshots(ctx context.Context, out io.Writer, args []string) error {
	var o createOptions
	f := newFlags(out, "snapshots create", "[DIR] --every 100M | --at ICOUNT,...",
		"Replays a recording, the latest if no DIR is given, and keeps snapshots of it. Refuses while another process,\n"+
			"such as the recorder, writes there.")
	f.StringVar(&o.every, "every", "", "so many instructions apart, from the beginning to the end")
	f.StringSliceVar(&o.at, "at", nil, "at these instruction counts")
	f.StringVar(&o.name, "name", "", "the name of the one that --at asks for")
	f.StringVar(&o.budget, optionBudget, defaultDisk, "how much disk all may take: past it, no more without a name are made, and none goes")
	rest, err := parse(f, args, 1)
	if err != nil {
		return err
	}
	w, err := o.parse()
	if err != nil {
		return err
	}
	return w.create(ctx, out, first(rest))
}

// wantedSnapshots is what the options say.
type wantedSnapshots struct {
	step   uint64   // instructions; 0: at is meant
	at     []uint64 // instruction counts, ascending
	name   string
	budget int64 // bytes of disk
}

func (o *createOptions) parse() (w wantedSnapshots, err error) {
	if (o.every == "") == (len(o.at) == 0) {
		return w, usagef("where are the snapshots to be? --every 100M or --at ICOUNT says it")
	}
	if o.name != "" {
		if len(o.at) != 1 {
			return w, usagef("--name %s is for one snapshot: want one --at", o.name)
		}
		if err := timeline.CheckName(o.name); err != nil {
			return w, usagef("--name: %w", err)
		}
	}
	w.name = o.name
	if w.at, err = parseCounts(o.at); err != nil {
		return w, err
	}
	slices.Sort(w.at)
	w.at = slices.Compact(w.at)
	if o.every != "" {
		if w.step, err = timeline.ParseCount(o.every); err != nil || w.step == 0 {
			return w, usagef("--every %s: want a number of instructions as 100M", o.every)
		}
	}
	w.budget, err = parseBudget(o.budget)
	return w, err
}

// create makes the snapshots of a recording, the latest if path is empty.
func (w *wantedSnapshots) create(ctx context.Context, out io.Writer, path string) (err error) {
	rec, err := openReplay(path, nil)
	if err != nil {
		return err
	}
	defer func() { err = also(err, rec.Close()) }()
	bar := progress("creating snapshots")
	end := rec.Tape.End().At.ICount
	shown := func(now, _ uint64) {
		if bar != nil {
			bar(now, end)
		}
	}
	p, err := rec.Start(recordings.StartOptions{Policy: timeline.Policy{Every: timeline.Never}, Progress: shown})
	if err != nil {
		return err
	}
	defer p.Close()
	places := slices.Values(w.at)
	if w.step > 0 {
		begin := p.Timeline.Begin().ICount
		if err := checkStep(w.step, begin, end); err != nil {
			return err
		}
		places = multiples(w.step, begin, end)
	}
	if err := rec.Snapshots.Begin(); err != nil { // before the long way
		return err
	}
	if err := rec.Snapshots.AddTo(p.Timeline, ""); err != nil {
		return err
	}
	made, err := w.keepAt(ctx, rec, p.Timeline, places)
	rec.KeepLearned(p.Timeline)
	if err = also(err, rec.Snapshots.Flush()); err == nil {
		fmt.Fprintf(out, "%s: %s made\n", rec.Dir.Path(), counted(made))
	}
	return err
}

// checkStep refuses an interval that makes an absurd number of snapshots.
func checkStep(step, begin, end uint64) error {
	if n := end/step - begin/step; n > maxCreated {
		least := (end-begin)/maxCreated + 1
		return usagef("--every %d would make %s snapshots: want at most %s, with --every %d or more",
			step, humanize.Comma(int64(min(n, math.MaxInt64))), humanize.Comma(maxCreated), least)
	}
	return nil
}

// multiples returns the multiples of a step after one count and up to another.
func multiples(step, after, to uint64) iter.Seq[uint64] {
	return func(yield func(uint64) bool) {
		for n := after - after%step + step; n <= to && yield(n); n += step {
		}
	}
}

// keepAt keeps snapshots of the states at some counts, where there are none yet. It does
// not thin them as a recorder does: who asks for some wants these, and the others too.
func (w *wantedSnapshots) keepAt(ctx context.Context, r *recordings.Recording, t *timeline.Timeline, places iter.Seq[uint64]) (made int, err error) {
	disk, err := r.Snapshots.Disk()
	if err != nil {
		return 0, err
	}
	there := make(map[machine.Moment]bool)
	for _, e := range disk.List() {
		there[e.At] = there[e.At] || e.Name == w.name
	}
	for n := range places {
		if there[machine.Moment{ICount: n}] {
			continue
		}
		if err := w.checkBudget(r, disk, n, made); err != nil {
			return made, err
		}
		if err := seek(ctx, t, n); err != nil {
			return made, err
		}
		s := t.Snapshot()
		s.Name = w.name
		if err := r.Snapshots.Put(s); err != nil {
			return made, err
		}
		made++
	}
	return made, nil
}

// checkBudget refuses one more snapshot if those that there are take too much.
func (w *wantedSnapshots) checkBudget(r *recordings.Recording, disk *snapshots.Disk, next uint64, made int) error {
	if w.name != "" {
		return nil
	}
	over, err := r.Snapshots.Over(w.budget)
	if err != nil || !over {
		return err
	}
	return fmt.Errorf("%s: %s made, none at icount %d and behind it: the snapshots take %s, more than --%s %s; "+
		"what there is stays", r.Dir.Path(), counted(made), next, humanize.IBytes(uint64(disk.Bytes())),
		optionBudget, humanize.IBytes(uint64(w.budget)))
}
