"""Published weights: what there is, how good, whose, and where.

Every number and address is the authors' own, from the page named as `source`. Where they give a
page that only a person can download from, `direct` is False and `fetch` says what to do.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ...structures import CheckpointError, DownloadError
from ...structures.cache import cache_folder
from .download import Progress, download, is_offline, matches

_DEKR = "https://github.com/HRNet/DEKR"
_HRBU = "https://github.com/HRNet/HRNet-Bottom-Up-Pose-Estimation"
_BASELINE = "https://github.com/microsoft/human-pose-estimation.pytorch"
_INTEGRAL = "https://github.com/JimmySuen/integral-human-pose"
_LOGOCAP = "https://github.com/cherubicXN/logocap"
_HRNET = "https://github.com/leoxiaobin/deep-high-resolution-net.pytorch"
_CLASSIFICATION = "https://github.com/HRNet/HRNet-Image-Classification"
_TORCHVISION = "https://github.com/pytorch/vision"
_USTC = "https://mailustceducn-my.sharepoint.com/:f:/g/personal/aa397601_mail_ustc_edu_cn"
_DEKR_FOLDER = f"{_USTC}/EmoNwNpq4L1FgUsC9KbWezABSotd3BGOlcWCdkBi91l50g?e=HWuluh"
_HRBU_FOLDER = f"{_USTC}/EgN4JcOE_KNHqG7coNOT_bABZvMWpaJxpy1J-9y1gduGcQ?e=PeeM2K"
_BASELINE_FOLDER = (
    "https://drive.google.com/drive/folders/13_wJ6nC7my1KKouMkQMqyr9r1ZnLnukP?usp=sharing"
)
_HRNET_FOLDER = (
    "https://drive.google.com/drive/folders/1hOTihvbyIxsm5ygDpbUuJ7O_tzv4oXjC?usp=sharing"
)
_COCO = "AP on COCO val2017, one scale, flip test"
_COCO_BOXES = "AP on COCO val2017, detected boxes, flip test"
_CROWDPOSE = "AP on CrowdPose test, one scale, flip test"
_MPII = "PCKh@0.5 on MPII val, flip test"
_IMAGENET = "top-1 accuracy on ImageNet val"
_DATA = {
    "coco": "COCO train2017",
    "crowdpose": "CrowdPose trainval",
    "mpii": "MPII Human Pose",
}
_METRIC = {"coco": _COCO, "crowdpose": _CROWDPOSE}


@dataclass(frozen=True, slots=True)
class PublishedWeights:
    """One published file.

    Attributes:
        name: what `posetrack models fetch` calls it.
        family: of `MODELS`, or `pose-scoring`, or `imagenet`.
        model: the network of `MODELS` that takes it; None for what is none by itself.
        data: what it was trained on.
        file: its name as published.
        address: where it can be downloaded: the file itself if `direct`, else a page for people.
        source: where the authors describe it.
        licence: of the repository that publishes it.
        score: the authors' own measurement; None where they give none.
        metric: what `score` is.
        direct: a program can download it.
        sha256: of the file, or as many of its first digits as the authors publish.
        size_mib: about, as published.
    """

    name: str
    family: str
    model: str | None
    data: str
    file: str
    address: str
    source: str
    licence: str
    score: float | None = None
    metric: str = ""
    direct: bool = False
    sha256: str | None = None
    size_mib: float | None = None


def fetch(
    name: str,
    folder: Path | None = None,
    *,
    offline: bool | None = None,
    progress: Progress | None = None,
) -> Path:
    """The file of published weights, downloaded unless it is there already.

    Args:
        name: a key of `ZOO`.
        folder: where files are kept; None is `cache_folder()`.
        offline: never connect; None asks `is_offline()`.
        progress: see `download`.

    Raises:
        ValueError: an unknown name.
        CheckpointError: a file of another checksum.
        DownloadError: the file is not there, and is to be downloaded by hand or not at all.
    """
    if name not in ZOO:
        raise ValueError(f"weights must be one of {', '.join(ZOO)}, got {name!r}")
    entry = ZOO[name]
    path = (cache_folder() if folder is None else folder) / name / entry.file
    if path.is_file():
        if not matches(path, entry.sha256):
            raise CheckpointError(
                f"{path} is not the published file: its SHA-256 does not begin with "
                f"{entry.sha256}; remove it and fetch it again"
            )
        return path
    if not entry.direct:
        raise DownloadError(
            f"{name} cannot be downloaded by a program: get {entry.file} from {entry.address} "
            f"by hand and put it at {path}"
        )
    if is_offline() if offline is None else offline:
        raise DownloadError(
            f"{name} is not in the cache, {path}, and downloads are switched off (offline)"
        )
    return download(entry.address, path, sha256=entry.sha256, progress=progress)


def _dekr(width: int, data: str, score: float) -> PublishedWeights:
    return PublishedWeights(
        name=f"dekr-hrnet-w{width}-{data}",
        family="dekr",
        model=f"dekr-hrnet-w{width}",
        file=f"pose_dekr_hrnetw{width}_{data}.pth",
        address=_DEKR_FOLDER,
        source=_DEKR,
        data=_DATA[data],
        licence="MIT",
        score=score,
        metric=_METRIC[data],
    )


def _heatmap_guided(model: str, file: str, data: str, score: float) -> PublishedWeights:
    epochs = {"coco": 140, "crowdpose": 300}[data]
    return PublishedWeights(
        name=f"{model}-{data}",
        family="heatmap-guided",
        model=model,
        file=f"{file}_adam_lr1e-3_{data}_x{epochs}.pth",
        address=_HRBU_FOLDER,
        source=_HRBU,
        data=_DATA[data],
        licence="MIT",
        score=score,
        metric=_METRIC[data],
    )


def _pose_scoring(family: str, data: str) -> PublishedWeights:
    files = {"coco": "final_rescore_coco_kpt.pth", "crowdpose": "final_rescore_crowd_pose_kpt.pth"}
    return PublishedWeights(
        name=f"pose-scoring-{family}-{data}",
        family="pose-scoring",
        model=None,
        data=f"poses that {family} networks find; {_DATA[data]}",
        file=files[data],
        address=_DEKR_FOLDER if family == "dekr" else _HRBU_FOLDER,
        source=_DEKR if family == "dekr" else _HRBU,
        licence="MIT",
    )


def _logocap(width: int, score: float) -> PublishedWeights:
    return PublishedWeights(
        name=f"logocap-hrnet-w{width}-coco",
        family="logocap",
        model=f"logocap-hrnet-w{width}",
        data=_DATA["coco"],
        file=f"logocap-hrnet-w{width}-coco.pth.tar",
        address=_LOGOCAP,
        source="table 1 of arXiv:2109.03622",
        licence="none stated",
        score=score,
        metric=_COCO,
    )


def _simple_baseline(depth: int, data: str, size: str, score: float) -> PublishedWeights:
    return PublishedWeights(
        name=f"simple-baseline-resnet-{depth}-{data}-{size}",
        family="simple-baseline",
        model=f"simple-baseline-resnet-{depth}",
        data=_DATA[data],
        file=f"pose_resnet_{depth}_{size}.pth.tar",
        address=_BASELINE_FOLDER,
        source=_BASELINE,
        licence="MIT",
        score=score,
        metric={"coco": _COCO_BOXES, "mpii": _MPII}[data],
    )


def _integral(address: str, split: str, score: float, metric: str) -> PublishedWeights:
    return PublishedWeights(
        name=f"integral-3d-resnet-152-{split}",
        family="integral",
        model="integral-3d-resnet-152",
        data=f"Human3.6M (ECCV 2018 challenge's {split}), MPII, COCO",
        file=address.split("/")[-1].removesuffix("?dl=0"),
        address=address,
        source=_INTEGRAL,
        licence="MIT",
        score=score,
        metric=metric,
    )


def _imagenet_resnet(
    depth: int, version: int, sha256: str, accuracy: float, size_mib: float
) -> PublishedWeights:
    file = f"resnet{depth}-{sha256}.pth"
    return PublishedWeights(
        name=f"resnet-{depth}-imagenet-v{version}",
        family="imagenet",
        model=None,
        data="ImageNet",
        file=file,
        address=f"https://download.pytorch.org/models/{file}",
        source=_TORCHVISION,
        licence="BSD-3-Clause",
        score=accuracy,
        metric=_IMAGENET,
        direct=True,
        sha256=sha256,
        size_mib=size_mib,
    )


_HIGHER = "heatmap-guided-higher-hrnet-w48"
_ENTRIES = (
    _logocap(32, 69.6),
    _logocap(48, 72.2),
    _heatmap_guided(
        "heatmap-guided-hrnet-w32", "pose_hrnet_w32_reg_delaysep_bg01_stn_512", "coco", 67.8
    ),
    _heatmap_guided(
        "heatmap-guided-hrnet-w48", "pose_hrnet_w48_reg_delaysep_bg01_stn_640", "coco", 70.1
    ),
    _heatmap_guided(_HIGHER, "pose_higher_hrnet_w48_reg_delaysep_bg01_0025_stn_640", "coco", 71.3),
    _heatmap_guided(
        "heatmap-guided-hrnet-w32", "pose_hrnet_w32_reg_delaysep_bg01_stn_512", "crowdpose", 64.9
    ),
    _heatmap_guided(
        "heatmap-guided-hrnet-w48", "pose_hrnet_w48_reg_delaysep_bg01_stn_640", "crowdpose", 66.1
    ),
    _heatmap_guided(
        _HIGHER, "pose_higher_hrnet_w48_reg_delaysep_bg01_0025_stn_640", "crowdpose", 66.2
    ),
    _dekr(32, "coco", 68.0),
    _dekr(48, "coco", 71.0),
    _dekr(32, "crowdpose", 65.7),
    _dekr(48, "crowdpose", 67.3),
    _pose_scoring("heatmap-guided", "coco"),
    _pose_scoring("heatmap-guided", "crowdpose"),
    _pose_scoring("dekr", "coco"),
    _pose_scoring("dekr", "crowdpose"),
    _simple_baseline(50, "coco", "256x192", 70.4),
    _simple_baseline(50, "coco", "384x288", 72.2),
    _simple_baseline(101, "coco", "256x192", 71.4),
    _simple_baseline(101, "coco", "384x288", 73.6),
    _simple_baseline(152, "coco", "256x192", 72.0),
    _simple_baseline(152, "coco", "384x288", 74.3),
    _simple_baseline(50, "mpii", "256x256", 88.532),
    _simple_baseline(50, "mpii", "384x384", 89.066),
    _simple_baseline(101, "mpii", "256x256", 89.131),
    _simple_baseline(101, "mpii", "384x384", 90.003),
    _simple_baseline(152, "mpii", "256x256", 89.620),
    _simple_baseline(152, "mpii", "384x384", 90.200),
    _integral(
        "https://www.dropbox.com/s/hfz5nkd39uisvbr/model_chall_train_152ft_384x288.pth.tar?dl=0",
        "train",
        57.5,
        "MPJPE in mm on the challenge's val",
    ),
    _integral(
        "https://www.dropbox.com/s/o1xhp3vocnvtgu3/model_chall_trainval_152ft_384x288.pth.tar?dl=0",
        "trainval",
        47,
        "MPJPE in mm on the challenge's test, flip test, ensemble",
    ),
    PublishedWeights(
        name="hrnet-w32-imagenet",
        family="imagenet",
        model=None,
        data="ImageNet",
        file="hrnet_w32-36af842e.pth",
        address=_HRNET_FOLDER,
        source=_HRNET,
        licence="MIT",
        sha256="36af842e",
    ),
    PublishedWeights(
        name="hrnet-w48-imagenet",
        family="imagenet",
        model=None,
        data="ImageNet",
        file="hrnetv2_w48_imagenet_pretrained.pth",
        address="https://1drv.ms/u/s!Aus8VCZ_C_33dKvqI6pBZlifgJk",
        source=_CLASSIFICATION,
        licence="MIT",
        score=79.3,
        metric=_IMAGENET,
    ),
    _imagenet_resnet(18, 1, "f37072fd", 69.758, 44.661),
    _imagenet_resnet(50, 1, "0676ba61", 76.130, 97.781),
    _imagenet_resnet(50, 2, "11ad3fa6", 80.858, 97.790),
    _imagenet_resnet(101, 1, "63fe2227", 77.374, 170.511),
    _imagenet_resnet(101, 2, "cd907fc2", 81.886, 170.530),
    _imagenet_resnet(152, 1, "394f9c45", 78.312, 230.434),
    _imagenet_resnet(152, 2, "f82ba261", 82.284, 230.474),
)
# Checksums are the digits in the file names: PyTorch names files by the SHA-256's first eight.
ZOO: dict[str, PublishedWeights] = {entry.name: entry for entry in _ENTRIES}
