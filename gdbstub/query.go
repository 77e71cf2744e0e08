// SPDX-License-Identifier: GPL-2.0-or-later

package gdbstub

import (
	"fmt"
	"strings"
)

// supported answers qSupported, in which each side says what it can do. The
// stub's part follows from the interfaces that the target has.
func (s *session) supported(args string) string {
	s.multiprocess, s.swbreak, s.hwbreak = false, false, false
	for feature := range strings.SplitSeq(strings.TrimPrefix(args, ":"), ";") {
		switch feature {
		case "multiprocess+":
			s.multiprocess = true
		case "swbreak+":
			s.swbreak = true
		case "hwbreak+":
			s.hwbreak = true
		}
	}
	features := []string{
		fmt.Sprintf("PacketSize=%x", maxPacket),
		"QStartNoAckMode+", "vContSupported+", "swbreak+", "hwbreak+",
		"qXfer:features:read+", "qXfer:threads:read+",
	}
	if s.reverser != nil {
		features = append(features, "ReverseStep+", "ReverseContinue+")
	}
	if s.conditioner != nil {
		features = append(features, "ConditionalBreakpoints+")
	}
	if s.mapper != nil {
		features = append(features, "qXfer:memory-map:read+")
	}
	if s.multiprocess {
		features = append(features, "multiprocess+")
	}
	return strings.Join(features, ";")
}

// startNoAckMode answers QStartNoAckMode. Its own answer is the last packet that
// the client acknowledges.
func (s *session) startNoAckMode(string) string {
	s.out.stopAcks()
	return "OK"
}

// qemuSupported answers qqemu.Supported: which of QEMU's packets there are.
func (s *session) qemuSupported(string) string {
	if s.physical == nil {
		return unsupported
	}
	return "PhyMemMode"
}

// physicalModeQuery answers qqemu.PhyMemMode.
func (s *session) physicalModeQuery(string) string {
	switch {
	case s.physical == nil:
		return unsupported
	case s.physicalMode:
		return "1"
	}
	return "0"
}

// setPhysicalMode answers Qqemu.PhyMemMode:1 (memory packets, and watchpoints that are
// inserted, mean physical addresses from now on) and :0.
func (s *session) setPhysicalMode(args string) string {
	if s.physical == nil {
		return unsupported
	}
	switch args {
	case ":0":
		s.physicalMode = false
	case ":1":
		s.physicalMode = true
	default:
		return errInvalid
	}
	return "OK"
}
