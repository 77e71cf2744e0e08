/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common.S"
/* Unaligned device accesses, inside a page, over the end of one, and from RAM
 * into device memory. 0x200000 is the end of RAM. */
	mov $MMIO, %ebx
	mov 1(%rbx), %ax
	nop
	mov 0xffd(%rbx), %eax
	nop
	mov %rax, 0xffc(%rbx)
	nop
	mov 0x1ffffc, %rdx
	nop
	mov %rax, 0x1ffffc
	nop
	/* the second page is not there: nothing may be stored before the fault */
	HOOK 14, mend
	movq $0, PTE(0xd1000)
	movq $MMIO + 0x3007, PTE(0xd0000)
store:	mov %rax, 0xd0ffc
	inc %rax
	jmp done
mend:	movq $0xd1007, PTE(0xd1000)
	ret
