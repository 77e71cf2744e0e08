// SPDX-License-Identifier: GPL-2.0-or-later

package gdbstub

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// point is a breakpoint or watchpoint of the client. typ is the digit after Z:
// 0 and 1 for breakpoints (software, hardware), 2 to 4 for watchpoints (write,
// read, access). size is the watched length; breakpoints have none.
type point struct {
	typ        byte
	addr, size uint64
}

// inserted is what is known of a point that is inserted.
type inserted struct {
	conditions conditions // of a breakpoint
	physical   bool       // a watchpoint on physical memory
}

const (
	pointSoftware = '0'
	pointHardware = '1'
	pointWrite    = '2'
	pointAccess   = '4'

	// maxPoints is how many a client may have.
	maxPoints = 16384
)

func (p point) isBreak() bool { return p.typ <= pointHardware }

func (p point) breakKind() BreakKind { return BreakKind(p.typ - pointSoftware) }

func (p point) watchKind() WatchKind { return WatchKind(p.typ - pointWrite) }

// String is for messages to the user.
func (p point) String() string {
	if p.isBreak() {
		return fmt.Sprintf("%v at 0x%x", p.breakKind(), p.addr)
	}
	return fmt.Sprintf("%v at 0x%x, %d bytes", p.watchKind(), p.addr, p.size)
}

// parsePoint reads TYPE,ADDR,KIND.
func (s *session) parsePoint(args string) (p point, answer string) {
	fields := strings.Split(args, ",")
	if len(fields[0]) != 1 || fields[0][0] < pointSoftware || fields[0][0] > pointAccess {
		return p, unsupported
	}
	p.typ = fields[0][0]
	if !p.isBreak() && s.watcher == nil {
		return p, unsupported
	}
	if len(fields) != 3 {
		return p, errInvalid
	}
	addr, ok1 := parseHex(fields[1])
	size, ok2 := parseHex(fields[2])
	if !ok1 || !ok2 {
		return p, errInvalid
	}
	p.addr = addr
	if !p.isBreak() {
		if size == 0 || size > toTop(addr) {
			return p, errInvalid
		}
		p.size = size
	}
	return p, "OK"
}

// insertPoint answers Z. Inserting twice is the same as once, but what a breakpoint has
// for conditions are the last that came with it, and a watchpoint moves to the memory,
// physical or virtual, that the client means now.
func (s *session) insertPoint(args string) string {
	head, options, conditional := strings.Cut(args, ";")
	p, answer := s.parsePoint(head)
	if answer != "OK" {
		return answer
	}
	physical := !p.isBreak() && s.physicalMode
	if physical && s.physicalWatcher == nil {
		return unsupported
	}
	if conditional && (!p.isBreak() || s.conditioner == nil) {
		return errInvalid
	}
	all, err := parseConditions(options)
	if err != nil {
		return s.pointFailure("inserting "+p.String(), err)
	}
	old, present := s.points[p]
	if present && old.physical != physical {
		if err := s.remove(p); err != nil {
			return s.pointFailure("removing "+p.String(), err)
		}
		present = false
	}
	if !present {
		if len(s.points) >= maxPoints {
			return errFull
		}
		switch {
		case p.isBreak():
			err = s.target.InsertBreak(p.addr, p.breakKind())
		case physical:
			err = s.physicalWatcher.InsertPhysicalWatch(p.addr, p.size, p.watchKind())
		default:
			err = s.watcher.InsertWatch(p.addr, p.size, p.watchKind())
		}
		if err != nil {
			return s.pointFailure("inserting "+p.String(), err)
		}
	}
	s.points[p] = inserted{all, physical}
	if len(old.conditions) > 0 || len(all) > 0 {
		s.conditioner.SetCondition(p.addr, p.breakKind(), s.condition(all))
	}
	return "OK"
}

// removePoint answers z. Removing what is not there succeeds. A watchpoint is removed
// from the memory where it was inserted, whichever the client means now.
func (s *session) removePoint(args string) string {
	p, answer := s.parsePoint(args)
	if answer != "OK" {
		return answer
	}
	if _, present := s.points[p]; !present {
		return "OK"
	}
	if err := s.remove(p); err != nil {
		return s.pointFailure("removing "+p.String(), err)
	}
	return "OK"
}

// pointFailure is failure for packets of points: gdb keeps the text of these to itself.
func (s *session) pointFailure(doing string, err error) string {
	s.log.Warn(doing+" for gdb failed", "error", err)
	return s.failure(doing, err)
}

func (s *session) remove(p point) error {
	physical := s.points[p].physical
	delete(s.points, p)
	switch {
	case p.isBreak():
		return s.target.RemoveBreak(p.addr, p.breakKind())
	case physical:
		return s.physicalWatcher.RemovePhysicalWatch(p.addr, p.size, p.watchKind())
	}
	return s.watcher.RemoveWatch(p.addr, p.size, p.watchKind())
}

// removeAllPoints leaves the target as the client found it.
func (s *session) removeAllPoints() {
	var all []point
	for p := range s.points {
		all = append(all, p)
	}
	slices.SortFunc(all, func(a, b point) int {
		return cmp.Or(cmp.Compare(a.typ, b.typ), cmp.Compare(a.addr, b.addr), cmp.Compare(a.size, b.size))
	})
	var errs []error
	for _, p := range all {
		errs = append(errs, s.remove(p))
	}
	if err := errors.Join(errs...); err != nil {
		s.log.Warn("gdb breakpoints not removed", "error", err)
	}
}

// breakAt reports whether the client has a breakpoint at an address, and of
// which kind; software comes first if it has both.
func (s *session) breakAt(addr uint64) (kind BreakKind, ok bool) {
	if _, ok = s.points[point{typ: pointSoftware, addr: addr}]; ok {
		return BreakSoftware, true
	}
	_, ok = s.points[point{typ: pointHardware, addr: addr}]
	return BreakHardware, ok
}

// isHit reports whether a breakpoint at the PC, pc, stops the machine now.
func (s *session) isHit(pc uint64) bool {
	for _, typ := range []byte{pointSoftware, pointHardware} {
		if in, ok := s.points[point{typ: typ, addr: pc}]; ok && s.hold(in.conditions) {
			return true
		}
	}
	return false
}
