"""What gancli implements and by whom it was published, as BibTeX. Plain data."""

from gancli.registry import Registry


def _entry(key: str, kind: str, **fields: str) -> str:
    lines = [f"  {name} = {{{value}}}," for name, value in fields.items()]
    return "\n".join([f"@{kind}{{{key},", *lines, "}"])


def _arxiv(number: str) -> dict[str, str]:
    return {"eprint": number, "archivePrefix": "arXiv"}


_NIPS = "Advances in Neural Information Processing Systems"
_ICML = "International Conference on Machine Learning"
_ICLR = "International Conference on Learning Representations"
_ENTRIES: dict[str, tuple[str, dict[str, str]]] = {
    "alpaydin1998digits": (
        "misc",
        {
            "author": "Alpaydin, Ethem and Kaynak, Cenk",
            "title": "Optical Recognition of Handwritten Digits",
            "howpublished": "UCI Machine Learning Repository",
            "year": "1998",
        },
    ),
    "arjovsky2017principled": (
        "inproceedings",
        {
            "author": "Arjovsky, Martin and Bottou, L{\\'e}on",
            "title": "Towards Principled Methods for Training Generative Adversarial Networks",
            "booktitle": _ICLR,
            "year": "2017",
            **_arxiv("1701.04862"),
        },
    ),
    "arjovsky2017wasserstein": (
        "inproceedings",
        {
            "author": "Arjovsky, Martin and Chintala, Soumith and Bottou, L{\\'e}on",
            "title": "{W}asserstein Generative Adversarial Networks",
            "booktitle": _ICML,
            "year": "2017",
            **_arxiv("1701.07875"),
        },
    ),
    "binkowski2018mmd": (
        "inproceedings",
        {
            "author": "Bi{\\'n}kowski, Miko{\\l}aj and Sutherland, Danica J. and Arbel, Michael and Gretton, Arthur",
            "title": "Demystifying {MMD} {GAN}s",
            "booktitle": _ICLR,
            "year": "2018",
            **_arxiv("1801.01401"),
        },
    ),
    "brock2019large": (
        "inproceedings",
        {
            "author": "Brock, Andrew and Donahue, Jeff and Simonyan, Karen",
            "title": "Large Scale {GAN} Training for High Fidelity Natural Image Synthesis",
            "booktitle": _ICLR,
            "year": "2019",
            **_arxiv("1809.11096"),
        },
    ),
    "clanuwat2018kmnist": (
        "misc",
        {
            "author": "Clanuwat, Tarin and Bober-Irizar, Mikel and Kitamoto, Asanobu and Lamb, Alex and "
            "Yamamoto, Kazuaki and Ha, David",
            "title": "Deep Learning for Classical {J}apanese Literature",
            "year": "2018",
            **_arxiv("1812.01718"),
        },
    ),
    "coates2011analysis": (
        "inproceedings",
        {
            "author": "Coates, Adam and Lee, Honglak and Ng, Andrew Y.",
            "title": "An Analysis of Single-Layer Networks in Unsupervised Feature Learning",
            "booktitle": "International Conference on Artificial Intelligence and Statistics",
            "year": "2011",
        },
    ),
    "dziugaite2015training": (
        "inproceedings",
        {
            "author": "Dziugaite, Gintare Karolina and Roy, Daniel M. and Ghahramani, Zoubin",
            "title": "Training Generative Neural Networks via Maximum Mean Discrepancy Optimization",
            "booktitle": "Conference on Uncertainty in Artificial Intelligence",
            "year": "2015",
            **_arxiv("1505.03906"),
        },
    ),
    "goodfellow2013maxout": (
        "inproceedings",
        {
            "author": "Goodfellow, Ian J. and Warde-Farley, David and Mirza, Mehdi and Courville, Aaron and "
            "Bengio, Yoshua",
            "title": "Maxout Networks",
            "booktitle": _ICML,
            "year": "2013",
            **_arxiv("1302.4389"),
        },
    ),
    "goodfellow2014gan": (
        "inproceedings",
        {
            "author": "Goodfellow, Ian J. and Pouget-Abadie, Jean and Mirza, Mehdi and Xu, Bing and "
            "Warde-Farley, David and Ozair, Sherjil and Courville, Aaron and Bengio, Yoshua",
            "title": "Generative Adversarial Nets",
            "booktitle": _NIPS,
            "year": "2014",
            **_arxiv("1406.2661"),
        },
    ),
    "goodfellow2016tutorial": (
        "misc",
        {
            "author": "Goodfellow, Ian",
            "title": "{NIPS} 2016 Tutorial: Generative Adversarial Networks",
            "year": "2016",
            **_arxiv("1701.00160"),
        },
    ),
    "gulrajani2017improved": (
        "inproceedings",
        {
            "author": "Gulrajani, Ishaan and Ahmed, Faruk and Arjovsky, Martin and Dumoulin, Vincent and "
            "Courville, Aaron",
            "title": "Improved Training of {W}asserstein {GAN}s",
            "booktitle": _NIPS,
            "year": "2017",
            **_arxiv("1704.00028"),
        },
    ),
    "he2015delving": (
        "inproceedings",
        {
            "author": "He, Kaiming and Zhang, Xiangyu and Ren, Shaoqing and Sun, Jian",
            "title": "Delving Deep into Rectifiers: Surpassing Human-Level Performance on {ImageNet} Classification",
            "booktitle": "IEEE International Conference on Computer Vision",
            "year": "2015",
            **_arxiv("1502.01852"),
        },
    ),
    "heusel2017ttur": (
        "inproceedings",
        {
            "author": "Heusel, Martin and Ramsauer, Hubert and Unterthiner, Thomas and Nessler, Bernhard and "
            "Hochreiter, Sepp",
            "title": "{GAN}s Trained by a Two Time-Scale Update Rule Converge to a Local {N}ash Equilibrium",
            "booktitle": _NIPS,
            "year": "2017",
            **_arxiv("1706.08500"),
        },
    ),
    "huang2024r3gan": (
        "inproceedings",
        {
            "author": "Huang, Yiwen and Gokaslan, Aaron and Kuleshov, Volodymyr and Tompkin, James",
            "title": "The {GAN} is dead; long live the {GAN}! {A} Modern {GAN} Baseline",
            "booktitle": _NIPS,
            "year": "2024",
            **_arxiv("2501.05441"),
        },
    ),
    "ioffe2015batch": (
        "inproceedings",
        {
            "author": "Ioffe, Sergey and Szegedy, Christian",
            "title": "Batch Normalization: Accelerating Deep Network Training by Reducing Internal Covariate Shift",
            "booktitle": _ICML,
            "year": "2015",
            **_arxiv("1502.03167"),
        },
    ),
    "johnson2016perceptual": (
        "inproceedings",
        {
            "author": "Johnson, Justin and Alahi, Alexandre and Fei-Fei, Li",
            "title": "Perceptual Losses for Real-Time Style Transfer and Super-Resolution",
            "booktitle": "European Conference on Computer Vision",
            "year": "2016",
            **_arxiv("1603.08155"),
        },
    ),
    "jolicoeur2019relativistic": (
        "inproceedings",
        {
            "author": "Jolicoeur-Martineau, Alexia",
            "title": "The relativistic discriminator: a key element missing from standard {GAN}",
            "booktitle": _ICLR,
            "year": "2019",
            **_arxiv("1807.00734"),
        },
    ),
    "kingma2015adam": (
        "inproceedings",
        {
            "author": "Kingma, Diederik P. and Ba, Jimmy",
            "title": "Adam: A Method for Stochastic Optimization",
            "booktitle": _ICLR,
            "year": "2015",
            **_arxiv("1412.6980"),
        },
    ),
    "krizhevsky2009tiny": (
        "techreport",
        {
            "author": "Krizhevsky, Alex",
            "title": "Learning Multiple Layers of Features from Tiny Images",
            "institution": "University of Toronto",
            "year": "2009",
        },
    ),
    "kynkaanniemi2019precision": (
        "inproceedings",
        {
            "author": 'Kynk{\\"a}{\\"a}nniemi, Tuomas and Karras, Tero and Laine, Samuli and Lehtinen, Jaakko and '
            "Aila, Timo",
            "title": "Improved Precision and Recall Metric for Assessing Generative Models",
            "booktitle": _NIPS,
            "year": "2019",
            **_arxiv("1904.06991"),
        },
    ),
    "lecun1998gradient": (
        "article",
        {
            "author": "LeCun, Yann and Bottou, L{\\'e}on and Bengio, Yoshua and Haffner, Patrick",
            "title": "Gradient-Based Learning Applied to Document Recognition",
            "journal": "Proceedings of the IEEE",
            "volume": "86",
            "number": "11",
            "year": "1998",
        },
    ),
    "li2015generative": (
        "inproceedings",
        {
            "author": "Li, Yujia and Swersky, Kevin and Zemel, Richard",
            "title": "Generative Moment Matching Networks",
            "booktitle": _ICML,
            "year": "2015",
            **_arxiv("1502.02761"),
        },
    ),
    "lim2017geometric": (
        "misc",
        {
            "author": "Lim, Jae Hyun and Ye, Jong Chul",
            "title": "Geometric {GAN}",
            "year": "2017",
            **_arxiv("1705.02894"),
        },
    ),
    "lin2018pacgan": (
        "inproceedings",
        {
            "author": "Lin, Zinan and Khetan, Ashish and Fanti, Giulia and Oh, Sewoong",
            "title": "{PacGAN}: The Power of Two Samples in Generative Adversarial Networks",
            "booktitle": _NIPS,
            "year": "2018",
            **_arxiv("1712.04086"),
        },
    ),
    "mao2017least": (
        "inproceedings",
        {
            "author": "Mao, Xudong and Li, Qing and Xie, Haoran and Lau, Raymond Y. K. and Wang, Zhen and "
            "Smolley, Stephen Paul",
            "title": "Least Squares Generative Adversarial Networks",
            "booktitle": "IEEE International Conference on Computer Vision",
            "year": "2017",
            **_arxiv("1611.04076"),
        },
    ),
    "mescheder2018which": (
        "inproceedings",
        {
            "author": "Mescheder, Lars and Geiger, Andreas and Nowozin, Sebastian",
            "title": "Which Training Methods for {GAN}s do actually Converge?",
            "booktitle": _ICML,
            "year": "2018",
            **_arxiv("1801.04406"),
        },
    ),
    "metz2017unrolled": (
        "inproceedings",
        {
            "author": "Metz, Luke and Poole, Ben and Pfau, David and Sohl-Dickstein, Jascha",
            "title": "Unrolled Generative Adversarial Networks",
            "booktitle": _ICLR,
            "year": "2017",
            **_arxiv("1611.02163"),
        },
    ),
    "mirza2014conditional": (
        "misc",
        {
            "author": "Mirza, Mehdi and Osindero, Simon",
            "title": "Conditional Generative Adversarial Nets",
            "year": "2014",
            **_arxiv("1411.1784"),
        },
    ),
    "miyato2018cgans": (
        "inproceedings",
        {
            "author": "Miyato, Takeru and Koyama, Masanori",
            "title": "c{GAN}s with Projection Discriminator",
            "booktitle": _ICLR,
            "year": "2018",
            **_arxiv("1802.05637"),
        },
    ),
    "miyato2018spectral": (
        "inproceedings",
        {
            "author": "Miyato, Takeru and Kataoka, Toshiki and Koyama, Masanori and Yoshida, Yuichi",
            "title": "Spectral Normalization for Generative Adversarial Networks",
            "booktitle": _ICLR,
            "year": "2018",
            **_arxiv("1802.05957"),
        },
    ),
    "naeem2020reliable": (
        "inproceedings",
        {
            "author": "Naeem, Muhammad Ferjad and Oh, Seong Joon and Uh, Youngjung and Choi, Yunjey and Yoo, Jaejun",
            "title": "Reliable Fidelity and Diversity Metrics for Generative Models",
            "booktitle": _ICML,
            "year": "2020",
            **_arxiv("2002.09797"),
        },
    ),
    "nowozin2016fgan": (
        "inproceedings",
        {
            "author": "Nowozin, Sebastian and Cseke, Botond and Tomioka, Ryota",
            "title": "f-{GAN}: Training Generative Neural Samplers using Variational Divergence Minimization",
            "booktitle": _NIPS,
            "year": "2016",
            **_arxiv("1606.00709"),
        },
    ),
    "polyak1992acceleration": (
        "article",
        {
            "author": "Polyak, Boris T. and Juditsky, Anatoli B.",
            "title": "Acceleration of Stochastic Approximation by Averaging",
            "journal": "SIAM Journal on Control and Optimization",
            "volume": "30",
            "number": "4",
            "year": "1992",
        },
    ),
    "radford2016unsupervised": (
        "inproceedings",
        {
            "author": "Radford, Alec and Metz, Luke and Chintala, Soumith",
            "title": "Unsupervised Representation Learning with Deep Convolutional Generative Adversarial Networks",
            "booktitle": _ICLR,
            "year": "2016",
            **_arxiv("1511.06434"),
        },
    ),
    "salimans2016improved": (
        "inproceedings",
        {
            "author": "Salimans, Tim and Goodfellow, Ian and Zaremba, Wojciech and Cheung, Vicki and Radford, Alec and "
            "Chen, Xi",
            "title": "Improved Techniques for Training {GAN}s",
            "booktitle": _NIPS,
            "year": "2016",
            **_arxiv("1606.03498"),
        },
    ),
    "sonderby2017amortised": (
        "inproceedings",
        {
            "author": "S{\\o}nderby, Casper Kaae and Caballero, Jose and Theis, Lucas and Shi, Wenzhe and "
            "Husz{\\'a}r, Ferenc",
            "title": "Amortised {MAP} Inference for Image Super-resolution",
            "booktitle": _ICLR,
            "year": "2017",
            **_arxiv("1610.04490"),
        },
    ),
    "srivastava2014dropout": (
        "article",
        {
            "author": "Srivastava, Nitish and Hinton, Geoffrey and Krizhevsky, Alex and Sutskever, Ilya and "
            "Salakhutdinov, Ruslan",
            "title": "Dropout: A Simple Way to Prevent Neural Networks from Overfitting",
            "journal": "Journal of Machine Learning Research",
            "volume": "15",
            "year": "2014",
        },
    ),
    "susskind2010tfd": (
        "techreport",
        {
            "author": "Susskind, Joshua M. and Anderson, Adam K. and Hinton, Geoffrey E.",
            "title": "The {T}oronto Face Database",
            "institution": "University of Toronto",
            "year": "2010",
        },
    ),
    "white2016sampling": (
        "misc",
        {"author": "White, Tom", "title": "Sampling Generative Networks", "year": "2016", **_arxiv("1609.04468")},
    ),
    "xiao2017fashion": (
        "misc",
        {
            "author": "Xiao, Han and Rasul, Kashif and Vollgraf, Roland",
            "title": "{Fashion-MNIST}: a Novel Image Dataset for Benchmarking Machine Learning Algorithms",
            "year": "2017",
            **_arxiv("1708.07747"),
        },
    ),
    "jax2018": (
        "software",
        {
            "author": "Bradbury, James and Frostig, Roy and Hawkins, Peter and Johnson, Matthew James and "
            "Leary, Chris and Maclaurin, Dougal and Necula, George and Paszke, Adam and VanderPlas, Jake and "
            "Wanderman-Milne, Skye and Zhang, Qiao",
            "title": "{JAX}: composable transformations of {P}ython+{N}um{P}y programs",
            "url": "https://github.com/jax-ml/jax",
            "year": "2018",
        },
    ),
    "flax2020": (
        "software",
        {
            "author": "Heek, Jonathan and Levskaya, Anselm and Oliver, Avital and Ritter, Marvin and "
            "Rondepierre, Bertrand and Steiner, Andreas and van Zee, Marc",
            "title": "{F}lax: A neural network library and ecosystem for {JAX}",
            "url": "https://github.com/google/flax",
            "year": "2020",
        },
    ),
    "zhang2019fixup": (
        "inproceedings",
        {
            "author": "Zhang, Hongyi and Dauphin, Yann N. and Ma, Tengyu",
            "title": "Fixup Initialization: Residual Learning Without Normalization",
            "booktitle": _ICLR,
            "year": "2019",
            **_arxiv("1901.09321"),
        },
    ),
    "zhao2017energy": (
        "inproceedings",
        {
            "author": "Zhao, Junbo and Mathieu, Michael and LeCun, Yann",
            "title": "Energy-based Generative Adversarial Networks",
            "booktitle": _ICLR,
            "year": "2017",
            **_arxiv("1609.03126"),
        },
    ),
    "zhao2020differentiable": (
        "inproceedings",
        {
            "author": "Zhao, Shengyu and Liu, Zhijian and Lin, Ji and Zhu, Jun-Yan and Han, Song",
            "title": "Differentiable Augmentation for Data-Efficient {GAN} Training",
            "booktitle": _NIPS,
            "year": "2020",
            **_arxiv("2006.10738"),
        },
    ),
}

BIBLIOGRAPHY: Registry[str] = Registry(
    "citation", {key: _entry(key, kind, **fields) for key, (kind, fields) in _ENTRIES.items()}
)
