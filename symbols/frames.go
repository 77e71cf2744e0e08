// SPDX-License-Identifier: GPL-2.0-or-later

package symbols

import "encoding/binary"

// Instructions and operations of DWARF's call frame information (DWARF 5, 7.24
// and 7.7.1), and the numbers of registers (System V ABI for AMD64, 3.6.2).
const (
	cfaAdvance    = 0x40 // | bytes
	cfaNop        = 0x00
	cfaAdvance1   = 0x02
	cfaAdvance2   = 0x03
	cfaAdvance4   = 0x04
	cfaUndefined  = 0x07
	cfaSameValue  = 0x08
	cfaDefCFAExpr = 0x0f
	cfaExpression = 0x10
	cfaOffsetSF   = 0x11
	cfaDefCFASF   = 0x12

	opDeref  = 0x06
	opConsts = 0x11
	opPlus   = 0x22
	opBreg0  = 0x70

	regRSP, regRBP, regRIP = 7, 6, 16
)

// ptRegs are the DWARF numbers of the registers in a struct pt_regs, from its
// start on (arch/x86/include/asm/ptrace.h); -1 are others.
var ptRegs = []int{15, 14, 13, 12, regRBP, 3, 11, 10, 9, 8, 0, 2, 1, 4, 5, -1, regRIP, -1, -1, regRSP}

// framesPerEntry bounds how many frames share an entry: a debugger goes through
// an entry from its start.
const framesPerEntry = 64

// frameRun is frames that ascend; the last one ends at end.
type frameRun struct {
	frames []frame
	end    uint64
}

// debugFrame makes a .debug_frame section. In it, the "canonical frame address" is the
// frame's end, or where its pt_regs or the processor's interrupt frame begin.
func debugFrame(slide uint64, runs ...frameRun) []byte {
	var b []byte
	heads := map[frameKind]uint32{}
	for _, kind := range []frameKind{frameEnd, frameCall, frameRegs, frameIret} {
		heads[kind] = uint32(len(b))
		b = appendEntry(b, commonEntry(kind))
	}
	for _, run := range runs {
		b = run.append(b, heads, slide)
	}
	return b
}

// append adds the entries of a run.
func (run frameRun) append(b []byte, heads map[frameKind]uint32, slide uint64) []byte {
	frames := run.frames
	for from := 0; from < len(frames); {
		to := from + 1
		for to < len(frames) && to < from+framesPerEntry && frames[to].kind == frames[from].kind {
			to++
		}
		until := run.end
		if to < len(frames) {
			until = frames[to].addr
		}
		if kind := frames[from].kind; kind != frameUnknown && until > frames[from].addr {
			e := le.AppendUint32(nil, heads[kind])
			e = le.AppendUint64(e, frames[from].addr+slide)
			e = le.AppendUint64(e, until-frames[from].addr)
			b = appendEntry(b, appendFrames(e, frames[from:to]))
		}
		from = to
	}
	return b
}

// appendEntry adds an entry with its length in front, padded to 8 bytes.
func appendEntry(b, entry []byte) []byte {
	for (4+len(entry))%8 != 0 {
		entry = append(entry, cfaNop)
	}
	return append(le.AppendUint32(b, uint32(len(entry))), entry...)
}

// commonEntry is what all frames of a kind share. ORC does not know where a
// function saved registers other than RBP, so they are lost in its callers.
func commonEntry(kind frameKind) []byte {
	e := []byte{0xff, 0xff, 0xff, 0xff, 1} // it is a common one; version
	if kind == frameRegs || kind == frameIret {
		e = append(e, 'S') // its caller was interrupted, it has not called
	}
	e = append(e, 0, 1, 1, regRIP) // units of code and data: bytes
	undefined := func(regs ...byte) {
		for _, r := range regs {
			e = append(e, cfaUndefined, r)
		}
	}
	saved := func(reg int, at int64) {
		e = appendSigned(append(e, cfaOffsetSF, byte(reg)), at)
	}
	switch kind {
	case frameEnd:
		e = appendCFA(e, frame{end: baseSP})
		undefined(regRIP)
	case frameCall, frameIret:
		undefined(0, 1, 2, 3, 4, 5, 8, 9, 10, 11, 12, 13, 14, 15)
		if kind == frameCall {
			saved(regRIP, -8)
			break
		}
		saved(regRIP, 0)
		saved(regRSP, 24)
	case frameRegs:
		for i, reg := range ptRegs {
			if reg >= 0 {
				saved(reg, int64(8*i))
			}
		}
	}
	return e
}

// appendFrames adds what changes from frame to frame.
func appendFrames(e []byte, frames []frame) []byte {
	last := frame{addr: frames[0].addr, kind: frames[0].kind, end: -1, bp: baseNone}
	for _, f := range frames {
		e = appendAdvance(e, f.addr-last.addr)
		if f.kind != frameEnd && (f.end != last.end || f.endAt != last.endAt) {
			e = appendCFA(e, f)
		}
		if f.kind == frameCall && (f.bp != last.bp || f.bpAt != last.bpAt) {
			e = appendBP(e, f)
		}
		last = f
	}
	return e
}

func appendAdvance(e []byte, n uint64) []byte {
	switch {
	case n == 0:
		return e
	case n < 0x40:
		return append(e, cfaAdvance|byte(n))
	case n < 1<<8:
		return append(e, cfaAdvance1, byte(n))
	case n < 1<<16:
		return le.AppendUint16(append(e, cfaAdvance2), uint16(n))
	}
	return le.AppendUint32(append(e, cfaAdvance4), uint32(n))
}

// appendCFA says where the frame ends. Registers other than RSP and RBP are taken
// as they are, as the kernel does (arch/x86/kernel/unwind_orc.c).
func appendCFA(e []byte, f frame) []byte {
	switch f.end {
	case baseSP, baseBP:
		return appendSigned(append(e, cfaDefCFASF, byte(f.end)), f.endAt)
	case baseSPIndirect:
		expr := appendSigned([]byte{opBreg0 + regRSP, 0, opDeref, opConsts}, f.endAt)
		return appendBlock(append(e, cfaDefCFAExpr), append(expr, opPlus))
	case baseBPIndirect:
		expr := appendSigned([]byte{opBreg0 + regRBP}, f.endAt)
		return appendBlock(append(e, cfaDefCFAExpr), append(expr, opDeref))
	}
	return append(e, cfaDefCFASF, byte(f.end), 0)
}

// appendBP says where the caller's RBP is.
func appendBP(e []byte, f frame) []byte {
	switch f.bp {
	case basePrevSP:
		return appendSigned(append(e, cfaOffsetSF, regRBP), f.bpAt)
	case baseBP:
		return appendBlock(append(e, cfaExpression, regRBP), appendSigned([]byte{opBreg0 + regRBP}, f.bpAt))
	}
	return append(e, cfaSameValue, regRBP)
}

func appendBlock(e, block []byte) []byte {
	return append(binary.AppendUvarint(e, uint64(len(block))), block...)
}

// appendSigned adds a number as LEB128 (DWARF 5, 7.6).
func appendSigned(e []byte, v int64) []byte {
	for v < -64 || v > 63 {
		e = append(e, byte(v)|0x80)
		v >>= 7
	}
	return append(e, byte(v)&0x7f)
}
