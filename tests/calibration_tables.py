"""Tables as ``predict`` and a reader write them, of hands that exist in no picture."""

import numpy as np


def write_tables(folder, model, n, *, seed=0, bias=6.0, first=0, trained=()):
    """Write read.csv, by a model of this name, and truth.csv; boys and girls, two regions; return both paths."""
    rng = np.random.default_rng(seed)
    read = ["id,status,sex,bone_age_months,weight_radius,weight_ulna,age_radius,age_ulna,model"]
    truth = ["id,boneage_months,sex"]
    for number, id_ in enumerate([*trained, *(f"lab{k}" for k in range(first, first + n))]):
        sex, true, spread = "FM"[number % 2], rng.uniform(40, 200), rng.gamma(4.0, 1.0)
        months = true + rng.normal(0, 8) + (bias if sex == "F" else -bias)
        regions = f"0.5,0.5,{months - spread:.2f},{months + spread:.2f}"
        read.append(f"{id_},ok,{sex},{months:.2f},{regions},{model}")
        truth.append(f"{id_},{true:.1f},{sex}")
    (folder / "read.csv").write_text("\n".join(read) + "\n")
    (folder / "truth.csv").write_text("\n".join(truth) + "\n")
    return folder / "read.csv", folder / "truth.csv"
