// SPDX-License-Identifier: GPL-2.0-or-later

package main

import (
	"context"
	"fmt"
	"io"
	"iter"
	"slices"
	"time"

	"github.com/dustin/go-humanize"

	"github.com/vmrr/vmrr/frontend/terminal"
	"github.com/vmrr/vmrr/machine"
	"github.com/vmrr/vmrr/snapshots"
	"github.com/vmrr/vmrr/timeline"
)

// snapshotsCommand is `vmrr snapshots`.
func snapshotsCommand(ctx context.Context, out io.Writer, args []string) error {
	const usage = "vmrr snapshots list [DIR], create [DIR] or delete [DIR]; each has --help"
	if len(args) == 0 {
		return usagef("what about snapshots? %s", usage)
	}
	switch args[0] {
	case "list":
		return listSnapshots(ctx, out, args[1:])
	case "create":
		return createSnapshots(ctx, out, args[1:])
	case "delete":
		return deleteSnapshots(out, args[1:])
	case "-h", "-help", "--help", "help":
		fmt.Fprintln(out, "Usage: "+usage)
		return nil
	}
	return usagef("%q is nothing to do with snapshots: %s", args[0], usage)
}

func listSnapshots(ctx context.Context, out io.Writer, args []string) error {
	f := newFlags(out, "snapshots list", "[DIR]", "Lists the snapshots of a recording, the latest if no DIR is given.")
	rest, err := parse(f, args, 1)
	if err != nil {
		return err
	}
	return interruptible(ctx, func() error { return printSnapshots(out, first(rest)) })
}

func printSnapshots(out io.Writer, path string) (err error) {
	rec, err := openReplay(path, nil)
	if err != nil {
		return err
	}
	defer func() { err = also(err, rec.close()) }()
	if rec.kept.err != nil {
		return rec.kept.err
	}
	fmt.Fprintf(out, "%-20s %-16s %12s %10s %10s\n", "ICOUNT", "VIRTUAL TIME", "NEW PAGES", "ON DISK", "NAME")
	for _, e := range rec.kept.disk.List() {
		ns := e.At.ICount<<rec.cfg.Shift + e.Warp
		fmt.Fprintf(out, "%-20d %-16v %12d %10s %10s\n", e.At.ICount, time.Duration(ns), e.Pages, humanize.IBytes(uint64(e.Bytes)), e.Name)
	}
	fmt.Fprintf(out, "%d snapshots, %s\n", len(rec.kept.disk.List()), humanize.IBytes(uint64(rec.kept.disk.Bytes())))
	return rec.kept.damage()
}

func createSnapshots(ctx context.Context, out io.Writer, args []string) (err error) {
	f := newFlags(out, "snapshots create", "[DIR] --every 100M | --at ICOUNT,...",
		"Replays a recording, the latest if no DIR is given, and keeps snapshots of it.")
	every := f.String("every", "", "so many instructions apart, from the beginning to the end")
	at := f.StringSlice("at", nil, "at these instruction counts")
	name := f.String("name", "", "the name of the one that --at asks for")
	rest, err := parse(f, args, 1)
	if err != nil {
		return err
	}
	if (*every == "") == (len(*at) == 0) {
		return usagef("where are the snapshots to be? --every 100M or --at ICOUNT says it")
	}
	if *name != "" {
		if len(*at) != 1 {
			return usagef("--name %s is for one snapshot: want one --at", *name)
		}
		if err := timeline.CheckName(*name); err != nil {
			return usagef("--name: %w", err)
		}
	}
	counts, err := parseCounts(*at)
	if err != nil {
		return err
	}
	step := uint64(0)
	if *every != "" {
		if step, err = parseCount(*every); err != nil || step == 0 {
			return usagef("--every %s: want a number of instructions as 100M", *every)
		}
	}
	rec, err := openReplay(first(rest), nil)
	if err != nil {
		return err
	}
	defer func() { err = also(err, rec.close()) }()
	bar := progress("creating snapshots")
	end := rec.tape.End().At.ICount
	shown := func(now, _ uint64) {
		if bar != nil {
			bar(now, end)
		}
	}
	p, err := rec.start(startOptions{policy: timeline.Policy{Every: timeline.Never}, progress: shown})
	if err != nil {
		return err
	}
	defer p.close()
	places := multiples(step, p.timeline.Begin().ICount, end)
	if step == 0 {
		slices.Sort(counts)
		places = slices.Values(slices.Compact(counts))
	}
	if err := rec.kept.addTo(p.timeline, ""); err != nil {
		return err
	}
	made, err := rec.keepAt(ctx, p.timeline, places, *name)
	if err = also(err, rec.kept.flush()); err == nil {
		fmt.Fprintf(out, "%s: %d snapshots made\n", rec.dir.Path(), made)
	}
	return err
}

// parseCounts reads what --at was given.
func parseCounts(words []string) (counts []uint64, err error) {
	for _, word := range words {
		n, err := parseCount(word)
		if err != nil {
			return nil, usagef("--at: %w", err)
		}
		counts = append(counts, n)
	}
	return counts, nil
}

// multiples returns the multiples of a step after one count and up to another.
func multiples(step, after, to uint64) iter.Seq[uint64] {
	return func(yield func(uint64) bool) {
		for n := after - after%step + step; n <= to && yield(n); n += step {
		}
	}
}

// keepAt keeps snapshots of the states at some counts, where there are none yet.
func (r *recorded) keepAt(ctx context.Context, t *timeline.Timeline, places iter.Seq[uint64], name string) (made int, err error) {
	for n := range places {
		at := machine.Moment{ICount: n}
		there := func(e snapshots.Entry) bool { return e.At == at && e.Name == name }
		if r.kept.err == nil && slices.ContainsFunc(r.kept.disk.List(), there) {
			continue
		}
		if err := seek(ctx, t, n); err != nil {
			return made, err
		}
		s := t.Snapshot()
		s.Name = name
		if err := r.kept.put(s); err != nil {
			return made, err
		}
		made++
	}
	return made, nil
}

func deleteSnapshots(out io.Writer, args []string) (err error) {
	f := newFlags(out, "snapshots delete", "[DIR] --name NAME | --at ICOUNT | --automatic",
		"Deletes snapshots of a recording, the latest if no DIR is given. The recording does not need them to be replayed.")
	names := f.StringSlice("name", nil, "those with these names")
	at := f.StringSlice("at", nil, "those at these instruction counts")
	automatic := f.Bool("automatic", false, "all without a name")
	rest, err := parse(f, args, 1)
	if err != nil {
		return err
	}
	if len(*names) == 0 && len(*at) == 0 && !*automatic {
		return usagef("which snapshots? --name, --at or --automatic says it")
	}
	counts, err := parseCounts(*at)
	if err != nil {
		return err
	}
	rec, err := openReplay(first(rest), nil)
	if err != nil {
		return err
	}
	defer func() { err = also(err, rec.close()) }()
	if rec.kept.err != nil {
		return rec.kept.err
	}
	for _, name := range *names {
		if _, ok := rec.kept.disk.Named(name); !ok {
			return &timeline.NoSnapshotError{Name: name}
		}
		if name == timeline.OriginName {
			return fmt.Errorf("the snapshot %q stays: the recording begins in it", name)
		}
	}
	for _, n := range counts {
		if !slices.ContainsFunc(rec.kept.disk.List(), func(e snapshots.Entry) bool { return e.At.ICount == n }) {
			return fmt.Errorf("there is no snapshot at icount %d", n)
		}
	}
	deleted := 0
	for _, e := range rec.kept.disk.List() {
		chosen := slices.Contains(*names, e.Name) && e.Name != "" || slices.Contains(counts, e.At.ICount) || *automatic && e.Name == ""
		if !chosen {
			continue
		}
		if e.Name == timeline.OriginName {
			terminal.Say("the snapshot %q stays: the recording begins in it", e.Name)
			continue
		}
		if err := rec.kept.disk.Delete(e); err != nil {
			return err
		}
		deleted++
	}
	fmt.Fprintf(out, "%s: %d snapshots deleted, %s left\n", rec.dir.Path(), deleted, humanize.IBytes(uint64(rec.kept.disk.Bytes())))
	return nil
}
