// SPDX-License-Identifier: GPL-2.0-or-later

package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net"

	"github.com/spf13/pflag"

	"github.com/vmrr/vmrr/frontend"
	"github.com/vmrr/vmrr/recordings"
	"github.com/vmrr/vmrr/replay"
	"github.com/vmrr/vmrr/timeline"
)

// replayOptions are the options of `vmrr replay`.
type replayOptions struct {
	machine machineOptions
	sessionOptions
	start    string  // instruction count to begin at; empty: the beginning
	at       uint64  // which that is
	snapshot string  // or snapshot
	ignore   bool    // what snapshots the recording has
	own      *ownGDB // a gdb that is started to debug it; nil: none
}

// replayCommand is `vmrr replay`.
func replayCommand(ctx context.Context, out io.Writer, args []string) error {
	var o replayOptions
	f := newFlags(out, "replay", "[DIR] [-s] [-S] [--goto ICOUNT]",
		"Replays a recording, the latest if no DIR is given. Machine options may be repeated, not changed.")
	o.add(f, defaultMemory, "memory")
	o.addStart(f)
	o.machine.add(f)
	rest, err := parse(f, args, 1)
	if err != nil {
		return err
	}
	return o.replay(ctx, first(rest))
}

// addStart adds the options for where it begins.
func (o *replayOptions) addStart(f *pflag.FlagSet) {
	f.StringVar(&o.start, "goto", "", "go to this instruction count first")
	f.StringVar(&o.snapshot, "rrsnapshot", "", "start from this snapshot of the recording")
	f.BoolVar(&o.ignore, "ignore-snapshots", false, "use no snapshot of the recording: go everywhere from the beginning")
}

// first returns the first word, if there is one.
func first(words []string) string {
	if len(words) == 0 {
		return ""
	}
	return words[0]
}

// replay replays a recording, the latest if dir is empty.
func (o *replayOptions) replay(ctx context.Context, dir string) error {
	dir, err := o.recorded(dir)
	if err != nil {
		return err
	}
	return o.show(ctx, dir, &o.machine)
}

// show replays a recording, whose machine must be as given; nil: whatever it is.
func (o *replayOptions) show(ctx context.Context, dir string, machine *machineOptions) (err error) {
	words, policy, err := o.check()
	if err != nil {
		return err
	}
	if err := o.checkPlace(); err != nil {
		return err
	}
	if o.own != nil && words.UsesStdio() {
		return usagef("-serial, -monitor or -qmp on stdio: gdb has the terminal")
	}
	rec, err := openReplay(dir, machine)
	if err != nil {
		return err
	}
	defer func() { err = also(err, rec.Close()) }()
	if !o.mayGoBack(words) {
		policy.Every, policy.Time = timeline.Never, 0
	}
	front, err := frontend.Open(ctx, words)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, front.Close()) }()
	bar := newBarFor("going there")
	p, err := rec.Start(recordings.StartOptions{Outputs: front.Outputs(), Policy: policy, Progress: bar.progress()})
	if err != nil {
		return err
	}
	defer p.Close()
	if !o.ignore {
		if err := rec.Snapshots.AddTo(p.Timeline, o.snapshot); err != nil {
			return err
		}
	}
	front.Hide()
	if err := o.goTo(ctx, p.Timeline); err != nil {
		return err
	}
	table := newKernelTable(rec.Config.Kernel)
	if o.own != nil {
		if err := o.prepareGDB(ctx, rec, p.Timeline, table); err != nil {
			return err
		}
		defer o.own.close()
	}
	front.ShowFrom(p.Board.SerialSent) // what came before is not shown later either
	// gdb gives up on a server that takes its connection and answers late, so it
	// is let in only now.
	ln, err := o.listen(ctx)
	if err != nil {
		return err
	}
	if ln != nil {
		defer ln.Close() // again, if gdb is let in
	}
	bar.hide()
	v := viewing{Recording: rec, timeline: p.Timeline, front: front, table: table, ln: ln, stopped: o.debug.stopped || o.own != nil, own: o.own}
	return v.run(ctx)
}

// recorded checks the options of a replay. It honours what -icount says of the
// recording, as QEMU's does, and refuses what a recording has made up its mind about.
func (o *replayOptions) recorded(dir string) (string, error) {
	for _, name := range []string{"rtc", "seed"} {
		if o.machine.flags.Changed(name) {
			return "", usagef("-%s: the recording has what the guest was given", name)
		}
	}
	if _, err := parseSize(o.machine.memory); err != nil {
		return "", fmt.Errorf("-m: %w", err)
	}
	ic, err := parseICount(o.machine.icount)
	switch {
	case err != nil:
		return "", err
	case ic.rr == rrRecord:
		return "", usagef("-icount rr=record: vmrr replay replays recordings; vmrr record makes them")
	case dir != "" && ic.file != "" && dir != ic.file:
		return "", usagef("which recording? %s, or rrfile=%s", dir, ic.file)
	}
	if ic.rr == rrReplay && dir == "" && ic.file == "" {
		if _, err := replay.Latest(); err != nil {
			return "", fmt.Errorf("-icount rr=replay without rrfile=DIR is for the latest recording: %w", err)
		}
	}
	o.snapshot = cmp.Or(o.snapshot, ic.snapshot)
	return cmp.Or(dir, ic.file), nil
}

// checkPlace checks the options for where it begins.
func (o *replayOptions) checkPlace() (err error) {
	if o.start != "" {
		if o.at, err = timeline.ParseCount(o.start); err != nil {
			return usagef("--goto: %w", err)
		}
	}
	if o.ignore && o.snapshot != "" {
		return usagef("-rrsnapshot %s and --ignore-snapshots exclude each other", o.snapshot)
	}
	return nil
}

// listen opens the address where gdb is let in; nil if nowhere.
func (o *replayOptions) listen(ctx context.Context) (net.Listener, error) {
	if o.own != nil {
		return o.own.listen(ctx)
	}
	return o.debug.listen(ctx)
}

// goTo goes where the options say.
func (o *replayOptions) goTo(ctx context.Context, t *timeline.Timeline) error {
	p := place{name: o.snapshot, counted: o.start != "", at: o.at}
	return p.goTo(ctx, t)
}

// mayGoBack reports whether somebody is let at the replay who can go back in it.
func (o *replayOptions) mayGoBack(words frontend.Words) bool {
	return o.own != nil || o.debug.gdb != "" || o.debug.short || words.Monitored() || words.Console()
}

// seek brings a replay to an instruction count. A signal ends it.
func seek(ctx context.Context, t *timeline.Timeline, n uint64) error {
	stop, err := t.Seek(ctx, n)
	switch {
	case err != nil:
		return err
	case stop == timeline.StopInterrupted:
		return fmt.Errorf("going to icount %d: %w", n, errInterrupted)
	case stop != timeline.StopArrived:
		return fmt.Errorf("going to icount %d: %v", n, stop)
	}
	return nil
}
