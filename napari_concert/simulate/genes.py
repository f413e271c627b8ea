"""Names of real mouse genes for simulated slides, those that a tumour in the lung is known by first."""

from __future__ import annotations

from collections.abc import Iterable

MARKERS = {
    "normal lung": (
        "Sftpc Sftpb Sftpa1 Sftpd Scgb1a1 Scgb3a2 Ager Hopx Lamp3 Abca3 Cldn18 Napsa Lyz2 Cd74 Pecam1 Cdh5 Epas1 Ednrb"
    ),
    "periphery": (
        "Col1a1 Col1a2 Col3a1 Fn1 Acta2 Tagln Postn Spp1 Mmp9 Mmp12 Arg1 C1qa C1qb Cd68 Adgre1 Csf1r Vim Tgfb1 Timp1"
    ),
    "tumour": (
        "Krt8 Krt18 Krt19 Krt7 Epcam Cdh1 Mki67 Top2a Pcna Ccnd1 Myc Hmga2 Sox9 Nkx2-1 Cldn4 Lcn2 Slc2a1 Ldha Vegfa Hk2"
    ),
}
RESPONSES = {
    "Jak2": (
        "Stat1 Stat3 Socs1 Socs3 Irf1 Gbp2 Gbp3 Cxcl9 Cxcl10 Cd274 H2-K1 H2-D1 B2m Psmb8 Psmb9 Tap1 Pim1 Bcl6 Ido1 Ccl5"
    ),
    "Tgfbr2": (
        "Serpine1 Smad7 Ctgf Cyr61 Tgfbi Col5a1 Col6a1 Lox Snai2 Zeb1 Itgav Itgb6 Fap Muc5ac Muc5b Tff2 Agr2 Gkn2 "
        "Muc1 Sox2"
    ),
    "Ifngr2": (
        "Irf7 Irf8 Isg15 Ifit1 Ifit2 Ifit3 Oas1a Oas2 Mx1 Mx2 Rsad2 Bst2 Ly6e Ly6a Gbp4 Gbp5 Gbp7 Nlrc5 Ciita "
        "H2-Aa H2-Ab1"
    ),
}
OTHERS = (
    "Actb Actg1 Gapdh Eef1a1 Eef2 Tpt1 Ubb Ubc Hspa8 Hsp90ab1 Hspa1a Fos Jun Junb Egr1 Ier2 Atf3 Btg2 Zfp36 Dusp1 "
    "Klf2 Klf4 Klf6 Rplp0 Rplp1 Rpl3 Rpl4 Rpl5 Rpl7 Rpl8 Rpl13 Rps2 Rps3 Rps4x Rps6 Rps8 Rps18 Cd3d Cd3e Cd3g Cd4 "
    "Cd8a Cd8b1 Gzma Gzmb Gzmk Prf1 Nkg7 Klrd1 Trbc2 Cd19 Cd79a Cd79b Ms4a1 Ighm Igkc Jchain Itgam Itgax Cd14 "
    "Cd163 Mrc1 Marco Siglecf Chil3 Ear2 Ly6c2 Ly6g S100a8 S100a9 S100a4 S100a6 S100a10 S100a11 Ccl2 Ccl3 Ccl4 "
    "Ccl6 Ccl7 Ccl8 Ccl9 Ccl12 Ccl17 Ccl22 Cxcl1 Cxcl2 Cxcl3 Cxcl5 Cxcl12 Cxcl13 Cxcl14 Cxcl15 Cxcl16 Cx3cl1 "
    "Cx3cr1 Ccr2 Ccr5 Ccr7 Cxcr2 Cxcr4 Il1a Il1b Il1rn Il6 Il10 Il12b Il18 Il33 Tnf Tnfaip3 Nfkbia Nfkb1 Rela "
    "Tlr2 Tlr4 Ctss Ctsb Ctsd Ctsl Ctsk Apoe Apoc1 Trem2 Gpnmb Fabp4 Fabp5 Plin2 Lpl Cd36 Scd1 Fasn Acaca Hmox1 "
    "Nqo1 Gclc Txnrd1 Prdx1 Sod2 Mt1 Mt2 Fth1 Ftl1 Hba-a1 Hbb-bs Alas2 Vwf Kdr Flt1 Tek Cldn5 Esam Emcn Plvap "
    "Aplnr Apln Car4 Prx Gja5 Bmx Sox17 Prox1 Lyve1 Flt4 Pdgfra Pdgfrb Rgs5 Cspg4 Notch3 Myh11 Cnn1 Des Tcf21 "
    "Wnt2 Wnt5a Fgf10 Npnt Inmt Mfap4 Dcn Lum Fbln1 Pi16 Dpt Eln Fbn1 Sparc Bgn Col4a1 Col4a2 Lama2 Lamb1 Lamc1 "
    "Nid1 Hspg2 Foxj1 Tppp3 Ccdc153 Dynlrb2 Cyp2f2 Aldh1a1 Muc16 Trp63 Krt5 Krt14 Krt17 Krt15 Ascl1 Calca Chga "
    "Syp Resp18 Rtkn2 Cav1 Cav2 Aqp5 Pdpn Vegfc Igf1 Igfbp3 Igfbp4 Igfbp7 Ptgs2 Ptges Nos2 Cdkn1a Cdkn2a Trp53 "
    "Mdm2 Bax Bcl2 Bcl2l1 Mcl1 Casp3 Casp8 Anxa1 Anxa2 Anxa3 Cd9 Cd24a Cd44 Cd47 Cd63 Cd81 Cd82 Itga1 Itga6 Itgb1 "
    "Itgb4 Thbs1 Plau Plaur Mmp2 Mmp3 Mmp13 Mmp14 Timp2 Timp3 Ezr Msn Cfl1 Pfn1 Tmsb4x Tmsb10 Tuba1a Tubb5 Stmn1 "
    "Birc5 Cdk1 Ccnb1 Ccna2 Aurka Plk1 Mcm2 Mcm6 Rrm2 Tyms"
)


def gene_names(count: int, first: Iterable[str] = (*MARKERS.values(), *RESPONSES.values())) -> list[str]:
    """Return ``count`` distinct gene names: some groups of names first, numbered ones beyond the list."""
    real = list(dict.fromkeys(" ".join([*first, OTHERS]).split()))
    return real[:count] + [f"Gm{10000 + i}" for i in range(count - len(real))]


def positions(names: list[str], wanted: str) -> list[int]:
    """Return where the genes of a list stand in ``names``."""
    where = {name: i for i, name in enumerate(names)}
    return [where[name] for name in wanted.split() if name in where]
