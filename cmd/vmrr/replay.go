// SPDX-License-Identifier: GPL-2.0-or-later

package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/vmrr/vmrr/gdbstub"
	"github.com/vmrr/vmrr/machine"
	"github.com/vmrr/vmrr/machine/pc"
	"github.com/vmrr/vmrr/monitor"
	"github.com/vmrr/vmrr/replay"
	"github.com/vmrr/vmrr/snapshots"
	"github.com/vmrr/vmrr/timeline"
)

// replayCommand is `vmrr replay`.
func replayCommand(ctx context.Context, args []string) (err error) {
	var (
		opts     machineOptions
		debug    debugOptions
		devices  deviceOptions
		snapshot string
		start    uint64
	)
	f := newFlags("replay", "[DIR] [-s] [-S] [--goto ICOUNT]",
		"Replays a recording, the latest if no DIR is given. Machine options may be repeated, not changed.")
	debug.add(f)
	devices.add(f)
	f.Uint64Var(&start, "goto", 0, "go to this instruction count first")
	f.StringVar(&snapshot, "rrsnapshot", "", "start from this snapshot of the recording")
	opts.add(f)
	rest, err := parse(f, args, 1)
	if err != nil {
		return err
	}
	words, err := devices.parse()
	if err != nil {
		return err
	}
	if err := words.checkStart(&debug); err != nil {
		return err
	}
	rec, err := openReplay(rest, &opts)
	if err != nil {
		return err
	}
	_, served, err := debug.address()
	if err != nil {
		return err
	}
	interval := uint64(timeline.Never) // without a debugger or a monitor nobody goes back
	if served || words.monitored() {
		interval = timeline.DefaultInterval
	}
	front, err := openFrontend(ctx, words)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, front.close()) }()
	kept := openKept(rec.dir, rec.cfg.RAM)
	defer func() { err = errors.Join(err, kept.close()) }()
	past, err := rec.start(front.outputs(), nil, interval, kept.put)
	if err != nil {
		return err
	}
	defer past.close()
	t := past.timeline
	if err := kept.addTo(t, snapshot); err != nil {
		return err
	}
	if snapshot != "" {
		if err := t.LoadSnapshot(ctx, snapshot); err != nil {
			return err
		}
	}
	if start > 0 {
		if err := t.SeekTo(ctx, start); err != nil {
			return err
		}
	}
	// gdb gives up on a server that takes its connection and answers late, so it
	// is let in only now.
	ln, err := debug.listen(ctx)
	if err != nil {
		return err
	}
	th := newThread(t, !debug.stopped)
	running, leave := context.WithCancel(ctx)
	defer leave()
	quit := func() {
		front.shutdown(false, endQuit)
		leave()
	}
	d := &debugger{thread: th, ctx: running, leave: quit}
	mon := &monitor.Monitor{Session: t, Mode: monitor.ModeReplay, Path: rec.dir.Path(), Start: rec.startTime(), Version: Version,
		Control: &control{thread: th, debugger: d, quit: quit, atEnd: func() bool { return !t.Machine().Moment().Before(t.End()) }}}
	d.server = &gdbstub.Server{Target: &pastTarget{newTarget(t, mon, d), t}, Do: th.do}
	if err := front.serve(context.Background(), service{thread: th, debugger: d, monitor: mon, quit: quit}); err != nil {
		return err
	}
	if ln != nil {
		d.serve(ln)
	}
	// The end of history is a place to debug from.
	stay := func() bool {
		if !d.serving() && !front.wanted() {
			return false
		}
		fmt.Fprintf(os.Stderr, "vmrr: at the end of the recording; one can go back from here, Ctrl-C ends\n")
		return true
	}
	stop, err := th.loop(running, stay)
	if err != nil {
		return err
	}
	if ctx.Err() != nil {
		front.shutdown(false, endSignal)
		if !d.serving() {
			return errInterrupted
		}
	}
	front.shutdown(true, endPowerOff)
	if end := t.Player().End(); stop == timeline.StopEnd && end.CutOff != nil {
		fmt.Fprintf(os.Stderr, "vmrr: the recording is cut off here: %v\n", end.CutOff)
	}
	return nil
}

// recorded is an opened recording.
type recorded struct {
	dir  *replay.Dir
	cfg  pc.Config
	tape *replay.Tape
}

// openReplay opens the recording named by the words of a command line.
func openReplay(words []string, opts *machineOptions) (*recorded, error) {
	path := ""
	if len(words) > 0 {
		path = words[0]
	}
	dir, cfg, err := openRecording(path)
	if err != nil {
		return nil, err
	}
	if opts != nil {
		if err := sameMachine(opts, dir, &cfg); err != nil {
			return nil, err
		}
	}
	tape, err := dir.LoadTape()
	if err != nil {
		return nil, err
	}
	return &recorded{dir, cfg, tape}, nil
}

// startTime is the guest's wall clock at power-on, s since 1970-01-01 UTC.
func (r *recorded) startTime() int64 {
	for e, err := range r.tape.Records() {
		if err == nil && e.Kind == replay.KindAnswer && e.Query == machine.QueryWallClock {
			return e.Answer
		}
	}
	return 0
}

// past is a recording's machine, switched on.
type past struct {
	timeline *timeline.Timeline
	close    func()
}

// start builds the machine and switches it on. Snapshots will be taken interval
// instructions apart; persist, if not nil, keeps those that get a name.
func (r *recorded) start(out pc.Outputs, progress func(at, to uint64), interval uint64, persist func(*snapshots.Snapshot) error) (*past, error) {
	player := replay.NewPlayer(r.tape)
	m, board, err := pc.New(r.cfg, openEngine, player, out)
	if err != nil {
		return nil, err
	}
	t, err := timeline.New(timeline.Config{Machine: m, Player: player, Policy: timeline.Policy{Every: interval}, Persist: persist, Progress: progress})
	if err != nil {
		board.Close()
		return nil, err
	}
	return &past{t, func() { board.Close(); r.tape.Close() }}, nil
}
