// SPDX-License-Identifier: GPL-2.0-or-later

package gdbstub

import "strings"

// handler executes a packet of one kind. args is what follows the name,
// separator included.
type handler func(s *session, args string) string

// letters are the packets named by one letter.
var letters map[byte]handler

// names are the packets with longer names, which end at ':', ';' or ','.
var names map[string]handler

func init() {
	letters = map[byte]handler{
		'?': (*session).stopReason,
		'!': (*session).extendedMode,
		'g': (*session).readRegisters,
		'G': (*session).writeRegisters,
		'p': (*session).readRegister,
		'P': (*session).writeRegister,
		'm': (*session).readMemory,
		'M': (*session).writeMemoryHex,
		'X': (*session).writeMemoryBinary,
		'c': (*session).legacyContinue,
		'C': (*session).legacyContinueSignal,
		's': (*session).legacyStep,
		'S': (*session).legacyStepSignal,
		'Z': (*session).insertPoint,
		'z': (*session).removePoint,
		'H': (*session).selectThread,
		'T': (*session).threadAlive,
		'D': (*session).detach,
		'k': (*session).kill,
		'R': (*session).restart,
	}
	names = map[string]handler{
		"bc":               (*session).reverseContinue,
		"bs":               (*session).reverseStep,
		"vCont":            (*session).vCont,
		"vCont?":           (*session).vContActions,
		"vKill":            (*session).vKill,
		"vFile":            (*session).hostIO,
		"vMustReplyEmpty":  func(*session, string) string { return unsupported },
		"qSupported":       (*session).supported,
		"QStartNoAckMode":  (*session).startNoAckMode,
		"qXfer":            (*session).transfer,
		"qAttached":        func(*session, string) string { return "1" },
		"qC":               (*session).currentThread,
		"qfThreadInfo":     (*session).firstThreads,
		"qsThreadInfo":     (*session).moreThreads,
		"qThreadExtraInfo": (*session).threadDescription,
		monitorPacket:      (*session).monitor,
		rrPacket:           (*session).rrCommand,
		"qSearch":          (*session).search,
		"qvmrr.Moved":      (*session).hasMoved,
		"Qvmrr.Refreshes":  (*session).setRefreshes,
		"qqemu.Supported":  (*session).qemuSupported,
		"qqemu.PhyMemMode": (*session).physicalModeQuery,
		"Qqemu.PhyMemMode": (*session).setPhysicalMode,
	}
}

// dispatch executes a packet and returns the answer.
func (s *session) dispatch(packet string) string {
	if packet == "" {
		return unsupported
	}
	switch packet[0] {
	case 'b', 'q', 'Q', 'v':
		name, args := packet, ""
		if i := strings.IndexAny(packet, ":;,"); i >= 0 {
			name, args = packet[:i], packet[i:]
		}
		if h := names[name]; h != nil {
			return h(s, args)
		}
	default:
		if h := letters[packet[0]]; h != nil {
			return h(s, packet[1:])
		}
	}
	s.log.Debug("gdb packet not known", "packet", clip(packet))
	return unsupported
}
