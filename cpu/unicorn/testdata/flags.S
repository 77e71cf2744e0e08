/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common.S"
/* Flags before a fault, and behind instructions that keep some. */
	.macro AWAY page
	movq $0, PTE(\page)
	.endm
	HOOK 14, mend
	AWAY 0xd0000
	AWAY 0xd1000
	AWAY 0xd2000
	AWAY 0xd3000
	movq $5, DATA
	mov $3, %eax
	cmp $7, %eax			/* less: CF AF SF */
f1:	setle 0xd0000			/* #PF; the flags stay those of CMP */
	pushf
	pop %rbx
	mov %rbx, DATA + 0x20
	mov $0x7fffffff, %eax
	add $1, %eax			/* overflow: PF AF SF OF */
f2:	rcll $3, 0xd1000		/* #PF */
	mov $0xff, %al
	inc %al				/* ZF PF AF, CF as it was */
f3:	setg 0xd2000
	sub %ecx, %ecx
	dec %ecx
f4:	rcrl %cl, 0xd3000
	/* CMPXCHG8B changes ZF only */
	xor %edx, %edx
	mov $9, %eax
	mov $0x80, %cl
	add %cl, %cl			/* ZF CF OF PF */
	cmpxchg8b DATA			/* not equal: ZF is cleared */
	pushf
	pop %rbx
	mov %rbx, DATA + 0x28
	xor %edx, %edx
	mov $1, %ecx
	sub $2, %ecx			/* SF */
	cmpxchg8b DATA			/* equal: ZF is set */
	pushf
	pop %rbx
	mov %rbx, DATA + 0x30
	/* LOOPNE that ends as RCX is 0 */
	mov $2, %ecx
1:	mov $0x7f, %al
	inc %al				/* SF OF AF */
	loopne 1b
	pushf
	pop %rbx
	mov %rbx, DATA + 0x38
	/* LOCK where it must not be */
	SKIP 6, 8
u1:	.byte 0xf0			/* LOCK */
	cmpl %eax, DATA
	SKIP 6, 9
u2:	.byte 0xf0
	cmpl $1, DATA
	SKIP 6, 2
u3:	.byte 0xf0, 0xa6		/* LOCK CMPSB */
	SKIP 6, 4
u4:	.byte 0xf0, 0x48, 0x39, 0xd8	/* LOCK CMP between registers */
	jmp done
mend:	mov %cr2, %rax
	mov %rax, %rcx
	and $~0xfff, %rcx
	shr $12, %rax
	or $7, %rcx
	mov %rcx, PT(,%rax,8)
	ret
