/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Between the library's CPU structure and struct vmrr_x86_state, which holds
 * what the guest can ever notice and nothing else: no lazily kept flags, no
 * scratch registers, no padding that was never written.
 */

extern void T(cpu_x86_update_dr7)(void *env, uint32_t value);

#define DR7_RESET 0x400

static struct vmrr_x86_segment segment_out(const struct x86_segment_cache *s)
{
	return (struct vmrr_x86_segment){ s->base, s->selector, s->limit, s->flags, 0 };
}

static struct x86_segment_cache segment_in(const struct vmrr_x86_segment *s)
{
	return (struct x86_segment_cache){ .selector = s->selector, .base = s->base,
					   .limit = s->limit, .flags = s->flags };
}

void vmrr_x86_get_state(struct vmrr_engine *e, struct vmrr_x86_state *s)
{
	const struct x86_env *x = e->env;
	memset(s, 0, sizeof *s);
	memcpy(s->regs, x->regs, sizeof s->regs);
	s->rip = x->eip;
	s->rflags = x->eflags; /* whole between runs: cpu_exec_exit assembled it */
	for (int i = 0; i < 6; i++)
		s->segs[i] = segment_out(&x->segs[i]);
	s->ldt = segment_out(&x->ldt);
	s->tr = segment_out(&x->tr);
	s->gdt = segment_out(&x->gdt);
	s->idt = segment_out(&x->idt);
	s->cr0 = x->cr[0];
	s->cr2 = x->cr[2];
	s->cr3 = x->cr[3];
	s->cr4 = x->cr[4];
	memcpy(s->dr, x->dr, sizeof s->dr);
	s->efer = x->efer;
	s->star = x->star;
	s->lstar = x->lstar;
	s->cstar = x->cstar;
	s->fmask = x->fmask;
	s->kernel_gs_base = x->kernelgsbase;
	s->sysenter_cs = x->sysenter_cs;
	s->sysenter_esp = x->sysenter_esp;
	s->sysenter_eip = x->sysenter_eip;
	s->pat = x->pat;
	s->tsc_aux = x->tsc_aux;
	s->tsc_adjust = x->tsc_adjust;
	s->misc_enable = x->misc_enable;
	memcpy(s->mtrr_fixed, x->mtrr_fixed, sizeof s->mtrr_fixed);
	s->mtrr_def_type = x->mtrr_deftype;
	memcpy(s->mtrr_var, x->mtrr_var, sizeof s->mtrr_var);
	for (int i = 0; i < 8; i++)
		memcpy(s->fpr[i], x->fpregs[i], 10);
	memcpy(s->fp_tags, x->fptags, sizeof s->fp_tags);
	memcpy(s->fp_status, x->fp_status, sizeof s->fp_status);
	memcpy(s->mmx_status, x->mmx_status, sizeof s->mmx_status);
	memcpy(s->sse_status, x->sse_status, sizeof s->sse_status);
	s->fp_ip = x->fpip;
	s->fp_dp = x->fpdp;
	s->fp_top = x->fpstt;
	s->fpus = x->fpus;
	s->fpuc = x->fpuc;
	s->fp_op = x->fpop;
	s->fp_cs = x->fpcs;
	s->fp_ds = x->fpds;
	s->mxcsr = x->mxcsr;
	for (int i = 0; i < 16; i++)
		memcpy(s->xmm[i], x->xmm[i], 16);
	s->hflags = x->hflags;
	s->hflags2 = x->hflags2;
	s->halted = e->cpu->halted != 0;
	s->nmi_pending = e->nmi;
	s->a20 = e->a20;
}

/* hflags as the architectural state implies them, for a state made by hand. */
static uint32_t derive_hflags(const struct vmrr_x86_state *s)
{
	bool protected = s->cr0 & CR0_PE;
	uint32_t cs = s->segs[CS].flags, ss = s->segs[SS].flags;
	uint32_t h = (ss >> 13) & HF_CPL;
	h |= protected ? HF_PE : HF_ADDSEG;
	h |= s->cr0 << 8 & HF_MP_EM_TS;
	h |= s->cr4 & CR4_OSFXSR ? HF_OSFXSR : 0;
	h |= s->cr4 & CR4_SMAP ? HF_SMAP : 0;
	if (s->efer & EFER_LMA)
		h |= HF_LMA;
	if ((s->efer & EFER_LMA) && (cs & 1u << 21)) /* CS.L */
		return h | HF_CS64 | HF_CS32 | HF_SS32;
	h |= cs & 1u << 22 ? HF_CS32 : 0;
	h |= ss & 1u << 22 ? HF_SS32 : 0;
	if (!(cs & 1u << 22) || s->segs[DS].base || s->segs[ES].base || s->segs[SS].base)
		h |= HF_ADDSEG;
	return h;
}

void vmrr_x86_set_state(struct vmrr_engine *e, const struct vmrr_x86_state *s)
{
	struct x86_env *x = e->env;
	/* Guest breakpoints are nodes of the library's that hang on DR7. */
	if (x->dr[7] != DR7_RESET)
		T(cpu_x86_update_dr7)(x, DR7_RESET);
	memcpy(x->regs, s->regs, sizeof s->regs);
	x->eip = s->rip;
	x->eflags = s->rflags; /* cpu_exec_enter takes it apart */
	for (int i = 0; i < 6; i++)
		x->segs[i] = segment_in(&s->segs[i]);
	x->ldt = segment_in(&s->ldt);
	x->tr = segment_in(&s->tr);
	x->gdt = segment_in(&s->gdt);
	x->idt = segment_in(&s->idt);
	x->cr[0] = s->cr0;
	x->cr[2] = s->cr2;
	x->cr[3] = s->cr3;
	x->cr[4] = s->cr4;
	x->efer = s->efer;
	x->star = s->star;
	x->lstar = s->lstar;
	x->cstar = s->cstar;
	x->fmask = s->fmask;
	x->kernelgsbase = s->kernel_gs_base;
	x->sysenter_cs = s->sysenter_cs;
	x->sysenter_esp = s->sysenter_esp;
	x->sysenter_eip = s->sysenter_eip;
	x->pat = s->pat;
	x->tsc_aux = s->tsc_aux;
	x->tsc_adjust = s->tsc_adjust;
	x->misc_enable = s->misc_enable;
	memcpy(x->mtrr_fixed, s->mtrr_fixed, sizeof s->mtrr_fixed);
	x->mtrr_deftype = s->mtrr_def_type;
	memcpy(x->mtrr_var, s->mtrr_var, sizeof s->mtrr_var);
	memset(x->fpregs, 0, sizeof x->fpregs);
	for (int i = 0; i < 8; i++)
		memcpy(x->fpregs[i], s->fpr[i], 10);
	memcpy(x->fptags, s->fp_tags, sizeof s->fp_tags);
	memcpy(x->fp_status, s->fp_status, sizeof s->fp_status);
	memcpy(x->mmx_status, s->mmx_status, sizeof s->mmx_status);
	memcpy(x->sse_status, s->sse_status, sizeof s->sse_status);
	x->fpip = s->fp_ip;
	x->fpdp = s->fp_dp;
	x->fpstt = s->fp_top;
	x->fpus = s->fpus;
	x->fpuc = s->fpuc;
	x->fpop = s->fp_op;
	x->fpcs = s->fp_cs;
	x->fpds = s->fp_ds;
	x->mxcsr = s->mxcsr;
	memset(x->xmm, 0, sizeof x->xmm);
	for (int i = 0; i < 16; i++)
		memcpy(x->xmm[i], s->xmm[i], 16);
	x->hflags = s->hflags ? s->hflags : derive_hflags(s);
	x->hflags2 = s->hflags2 ? s->hflags2 : HF2_GIF;
	memcpy(x->dr, s->dr, sizeof x->dr);
	if (s->dr[7] != DR7_RESET) {
		x->dr[7] = DR7_RESET;
		T(cpu_x86_update_dr7)(x, s->dr[7]);
	}
	x->old_exception = -1;
	x->exception_is_int = 0;
	e->cpu->exception_index = -1;
	e->cpu->cflags_next_tb = -1;
	e->cpu->halted = s->halted;
	e->int_in_flight = e->shutdown = e->hit_break = e->skip_break = false;
	e->a20 = s->a20;
	vmrr_set_nmi(e, s->nmi_pending);
	T(tlb_flush)(e->cpu);
}

/* Power-on or RESET state: SDM vol. 3, table 9-1. */
static void x86_reset(struct vmrr_engine *e)
{
	struct vmrr_x86_state s = { .rip = 0xfff0, .rflags = 2, .cr0 = 0x60000010, .a20 = 1 };
	struct x86_env *x = e->env;
	for (int i = 0; i < 6; i++)
		s.segs[i] = (struct vmrr_x86_segment){ .limit = 0xffff, .flags = 0x9300 };
	s.segs[CS] = (struct vmrr_x86_segment){ 0xffff0000, 0xf000, 0xffff, 0x9b00, 0 };
	s.gdt.limit = s.idt.limit = s.ldt.limit = s.tr.limit = 0xffff;
	s.ldt.flags = 0x8200;
	s.tr.flags = 0x8b00;
	for (uint32_t i = 0; i < e->config.cpuid_count; i++)
		if (e->config.cpuid[i].leaf == 1)
			s.regs[RDX] = e->config.cpuid[i].eax;
	s.dr[6] = 0xffff0ff0;
	s.dr[7] = DR7_RESET;
	s.pat = 0x0007040600070406;
	s.misc_enable = 1;
	s.fpuc = 0x37f;
	s.mxcsr = 0x1f80;
	memset(s.fp_tags, 1, sizeof s.fp_tags);
	/* The softfloat modes belong to FPUC and MXCSR; the library's own reset
	 * made them, and both are at their reset values here. */
	memcpy(s.fp_status, e->reset_status[0], 8);
	memcpy(s.mmx_status, e->reset_status[1], 8);
	memcpy(s.sse_status, e->reset_status[2], 8);
	vmrr_x86_set_state(e, &s);
	x->error_code = 0;
}

void vmrr_x86_reset(struct vmrr_engine *e)
{
	x86_reset(e);
}
