// SPDX-License-Identifier: GPL-2.0-or-later

package gdbstub

import (
	"context"
	"errors"
	"fmt"
	"strings"
)

// resume lets the target run and answers when it has stopped.
func (s *session) resume(doing string, run func(context.Context) (Stop, error)) string {
	s.moved, s.stepped = false, false // gdb forgets its caches when it resumes
	out := s.console()
	s.tell(out)
	stop, err := run(s.ctx)
	if err != nil {
		if s.ctx.Err() == nil || !errors.Is(err, s.ctx.Err()) {
			s.lastStop = Stop{Reason: StopStep}
			return s.failure(doing, err)
		}
		stop = Stop{Reason: StopInterrupted}
	}
	if stop.Reason == StopStep && s.ctx.Err() != nil { // it came too late to be seen
		stop.Reason = StopInterrupted
	}
	s.lastStop, s.stepped = stop, stop.Reason == StopStep
	if stop.Note != "" {
		fmt.Fprintln(out, stop.Note)
	}
	return s.stopAnswer(stop)
}

// unlessInterrupted is a step, but none after an interrupt, of which a single one may see
// nothing.
func unlessInterrupted(step func(context.Context) (Stop, error)) func(context.Context) (Stop, error) {
	return func(ctx context.Context) (Stop, error) {
		if ctx.Err() != nil {
			return Stop{Reason: StopInterrupted}, nil
		}
		return step(ctx)
	}
}

func (s *session) step() string {
	return s.resume("stepping", unlessInterrupted(func(ctx context.Context) (Stop, error) { return s.target.Step(ctx, 1) }))
}

func (s *session) continueOn() string { return s.resume("continuing", s.target.Continue) }

// stepRange steps until the PC leaves [start, end). Like any step it executes one
// instruction at least, even if the range is empty or elsewhere.
func (s *session) stepRange(start, end uint64) string {
	return s.resume("stepping", unlessInterrupted(func(ctx context.Context) (Stop, error) {
		if s.ranger != nil {
			return s.ranger.StepRange(ctx, start, end)
		}
		for {
			stop, err := s.target.Step(ctx, 1)
			if err != nil || stop.Reason != StopStep {
				return stop, err
			}
			pc, ok := s.programCounter()
			if !ok || pc < start || pc >= end {
				return stop, nil
			}
			if s.isHit(pc) {
				return Stop{Reason: StopBreak, Addr: pc}, nil
			}
			if ctx.Err() != nil {
				return Stop{Reason: StopInterrupted}, nil
			}
		}
	}))
}

// vContActions answers "vCont?". gdb uses vCont only if c, C, s and S are there.
func (s *session) vContActions(string) string { return "vCont;c;C;s;S;t;r" }

// vCont answers vCont;ACTION[:THREAD];... A thread obeys the first action that
// names it, or names none.
func (s *session) vCont(args string) string {
	args, found := strings.CutPrefix(args, ";")
	if !found {
		return errInvalid
	}
	var chosen func() string
	for one := range strings.SplitSeq(args, ";") {
		action, thread, named := strings.Cut(one, ":")
		match := true
		if named {
			var ok bool
			if match, ok = isThread(thread); !ok {
				return errInvalid
			}
		}
		run := s.vContAction(action)
		if run == nil {
			return errInvalid
		}
		if match && chosen == nil {
			chosen = run
		}
	}
	if chosen == nil {
		return errInvalid
	}
	return chosen()
}

// vContAction returns what an action does, or nil if it is none. A machine has
// no signals to receive, so those that come with C and S are dropped.
func (s *session) vContAction(action string) func() string {
	if action == "" {
		return nil
	}
	rest := action[1:]
	switch action[0] {
	case 'c', 's', 't':
		if rest != "" {
			return nil
		}
	case 'C', 'S':
		if n, ok := parseHex(rest); !ok || n > 255 {
			return nil
		}
	}
	switch action[0] {
	case 'c', 'C':
		return s.continueOn
	case 's', 'S':
		return s.step
	case 't': // it stands still already
		return func() string { return "T00thread:" + s.thread() + ";" }
	case 'r':
		start, end, ok := parsePair(rest)
		if !ok {
			return nil
		}
		return func() string { return s.stepRange(start, end) }
	}
	return nil
}

// The packets from before vCont: c and s with an address to go on from, C and S
// with a signal and then such an address.

func (s *session) legacyContinue(args string) string { return s.legacy(args, s.continueOn) }

func (s *session) legacyStep(args string) string { return s.legacy(args, s.step) }

func (s *session) legacyContinueSignal(args string) string {
	return s.legacySignal(args, s.continueOn)
}

func (s *session) legacyStepSignal(args string) string { return s.legacySignal(args, s.step) }

func (s *session) legacySignal(args string, run func() string) string {
	signal, addr, named := strings.Cut(args, ";")
	if n, ok := parseHex(signal); !ok || n > 255 || named && addr == "" {
		return errInvalid
	}
	return s.legacy(addr, run)
}

func (s *session) legacy(addr string, run func() string) string {
	if addr != "" {
		pc, ok := parseHex(addr)
		if !ok {
			return errInvalid
		}
		if failed := s.setProgramCounter(pc); failed != "" {
			return failed
		}
	}
	return run()
}
