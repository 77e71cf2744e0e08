// SPDX-License-Identifier: GPL-2.0-or-later

package unicorn

// #include <stdint.h>
import "C"

import "runtime/cgo"

// The calls from C into the board. C makes the count exact before each and
// never jumps over a Go frame: what a board wants of the CPU it says by
// SetInterrupt, SetLimit and the like, which take effect after the return.

func engineOf(token C.uintptr_t) *Engine { return cgo.Handle(token).Value().(*Engine) }

//export vmrrPortIn
func vmrrPortIn(token C.uintptr_t, port C.uint16_t, size C.int) C.uint32_t {
	return C.uint32_t(engineOf(token).board.PortIn(uint16(port), int(size)))
}

//export vmrrPortOut
func vmrrPortOut(token C.uintptr_t, port C.uint16_t, size C.int, value C.uint32_t) {
	engineOf(token).board.PortOut(uint16(port), int(size), uint32(value))
}

//export vmrrMMIORead
func vmrrMMIORead(token C.uintptr_t, pa C.uint64_t, size C.int) C.uint64_t {
	return C.uint64_t(engineOf(token).board.MMIORead(uint64(pa), int(size)))
}

//export vmrrMMIOWrite
func vmrrMMIOWrite(token C.uintptr_t, pa C.uint64_t, size C.int, value C.uint64_t) {
	engineOf(token).board.MMIOWrite(uint64(pa), int(size), uint64(value))
}

//export vmrrAckInterrupt
func vmrrAckInterrupt(token C.uintptr_t) C.uint8_t {
	return C.uint8_t(engineOf(token).board.AckInterrupt())
}

//export vmrrTaskPriority
func vmrrTaskPriority(token C.uintptr_t) C.uint8_t {
	return C.uint8_t(engineOf(token).board.TaskPriority())
}

//export vmrrSetTaskPriority
func vmrrSetTaskPriority(token C.uintptr_t, value C.uint8_t) {
	engineOf(token).board.SetTaskPriority(uint8(value))
}

//export vmrrReadMSR
func vmrrReadMSR(token C.uintptr_t, index C.uint32_t, value *C.uint64_t) C.int {
	v, ok := engineOf(token).board.ReadMSR(uint32(index))
	*value = C.uint64_t(v)
	return boolInt(ok)
}

//export vmrrWriteMSR
func vmrrWriteMSR(token C.uintptr_t, index C.uint32_t, value C.uint64_t) C.int {
	return boolInt(engineOf(token).board.WriteMSR(uint32(index), uint64(value)))
}

func boolInt(b bool) C.int {
	if b {
		return 1
	}
	return 0
}
