/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common.S"
/* x87, MMX and SSE state, in the middle of computations. */
	fninit
	fldpi
	fld1
	fadd %st(1), %st
	fsqrt
	fldl2e
	fmulp
	fstpt DATA
	fnstsw %ax
	mov %rax, DATA + 16
	/* rounding modes and precision */
	movw $0x0f7f, DATA + 24
	fldcw DATA + 24
	fld1
	fldpi
	fdivrp
	fstpl DATA + 32
	movw $0x007f, DATA + 24
	fldcw DATA + 24
	fldpi
	fldln2
	fdivp
	fstpt DATA + 40
	fxch
	fincstp
	ffree %st(3)
	fnstenv DATA + 64
	/* SSE with all four rounding modes */
	mov $0x1f80, %ebx
	mov $4, %ecx
	mov $DATA + 0x100, %edi
1:	mov %ebx, DATA + 56
	ldmxcsr DATA + 56
	mov $1, %eax
	cvtsi2sd %eax, %xmm0
	mov $3, %eax
	cvtsi2sd %eax, %xmm1
	divsd %xmm1, %xmm0
	movsd %xmm0, (%rdi)
	cvtsd2si %xmm0, %eax
	mov %eax, 8(%rdi)
	stmxcsr 12(%rdi)
	add $16, %rdi
	add $0x2000, %ebx
	dec %ecx
	jnz 1b
	/* FXSAVE, other values, FXRSTOR */
	movdqu gdt + 16, %xmm15
	fldpi
	fxsave DATA + 0x200
	fninit
	pxor %xmm15, %xmm15
	movl $0x1fc0, DATA + 56
	ldmxcsr DATA + 56
	fldz
	fxrstor DATA + 0x200
	fstpt DATA + 0x400
	movdqu %xmm15, DATA + 0x410
	stmxcsr DATA + 0x420
	/* MMX shares the registers */
	movq DATA + 0x410, %mm3
	paddb %mm3, %mm3
	movq %mm3, DATA + 0x428
	fnstsw %ax
	emms
	fldlg2
	fistpl DATA + 0x430
	fsave DATA + 0x500
	jmp done
