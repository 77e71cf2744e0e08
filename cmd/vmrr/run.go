// SPDX-License-Identifier: GPL-2.0-or-later

package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/vmrr/vmrr/gdbstub"
	"github.com/vmrr/vmrr/machine"
	"github.com/vmrr/vmrr/machine/pc"
	"github.com/vmrr/vmrr/monitor"
	"github.com/vmrr/vmrr/replay"
	"github.com/vmrr/vmrr/timeline"
)

// guestExit ends vmrr with the code that the guest gave to the exit device.
type guestExit struct{ code int }

func (e *guestExit) Error() string {
	return fmt.Sprintf("the guest ended the run with exit code %d", e.code)
}

// run is `vmrr run`.
func run(ctx context.Context, args []string) error {
	var (
		opts    machineOptions
		debug   debugOptions
		devices deviceOptions
	)
	f := newFlags("run", "[machine options]", "Runs a machine without a recording.")
	opts.add(f)
	debug.add(f)
	devices.add(f)
	if _, err := parse(f, args, 0); err != nil {
		return err
	}
	words, err := devices.parse()
	if err != nil {
		return err
	}
	if err := words.checkStart(&debug); err != nil {
		return err
	}
	cfg, ic, err := opts.config()
	if err != nil {
		return err
	}
	ln, err := debug.listen(ctx)
	if err != nil {
		return err
	}
	clock, err := hostClock(opts.rtc)
	if err != nil {
		return err
	}
	live := replay.NewLive(clock, hostEntropy(opts.seed), ic.sleep)
	defer live.Close()
	l := liveRun{cfg: cfg, words: words, live: live, door: live, ln: ln, stopped: debug.stopped, mode: monitor.ModeLive}
	return l.run(ctx)
}

// liveRun is a machine that runs now.
type liveRun struct {
	cfg     pc.Config
	words   deviceWords
	live    *replay.Live
	door    machine.Inputs // live, or the recorder before it
	rec     *timeline.Recording
	keep    func(*timeline.Live) error // done once the machine is on; may be nil
	ln      net.Listener
	stopped bool
	mode    monitor.Mode
	path    string
}

func (r *liveRun) run(ctx context.Context) (err error) {
	front, err := openFrontend(ctx, r.words)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, front.close()) }()
	m, board, err := pc.New(r.cfg, openEngine, r.door, front.outputs())
	if err != nil {
		return err
	}
	defer board.Close()
	r.live.OnPush(m.Engine.RequestStop)
	session, err := timeline.NewLive(timeline.LiveConfig{Machine: m, Recording: r.rec})
	if err != nil {
		return err
	}
	if r.keep != nil {
		if err := r.keep(session); err != nil {
			return err
		}
	}
	t := newThread(session, !r.stopped)
	end := func(reason string) {
		front.shutdown(false, reason)
		r.live.Push(machine.Input{Kind: machine.InputEnd})
		t.leave()
	}
	// A signal ends the run as the operator would, through the door.
	defer context.AfterFunc(ctx, func() { end(endSignal) })()
	serving, leave := context.WithCancel(context.Background())
	defer leave()
	quit := func() { end(endQuit) }
	d := &debugger{thread: t, ctx: serving, leave: quit}
	operator := &operator{r.live, front}
	mon := &monitor.Monitor{Session: session, Mode: r.mode, Path: r.path, Operator: operator, Start: time.Now().Unix(), Version: Version,
		Control: &control{thread: t, debugger: d, quit: quit, atEnd: func() bool { return m.End().Kind != machine.EndNone }}}
	d.server = &gdbstub.Server{Target: newTarget(session, mon, d), Do: t.do}
	err = front.serve(serving, service{thread: t, debugger: d, monitor: mon, quit: quit, push: operator.Push, room: board.SerialRoom})
	if err != nil {
		return err
	}
	if r.ln != nil {
		d.serve(r.ln)
	}
	stay := func() bool { return d.attached.Load() && !t.isLeaving() }
	if _, err := t.loop(context.Background(), stay); err != nil {
		return err
	}
	if m.End().Kind == machine.EndReset {
		front.shutdown(true, endReset)
	} else {
		front.shutdown(true, endPowerOff)
	}
	if err := session.Finish(m.End().String()); err != nil {
		return err
	}
	switch end := m.End(); {
	case ctx.Err() != nil:
		return errInterrupted
	case end.Kind == machine.EndExit:
		return &guestExit{end.Code}
	}
	return nil
}
