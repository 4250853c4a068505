"""What may go wrong, what is said of it, and what to do: one table, which the tests try and the page shows.

In `says`, … stands for what differs from case to case. `prepare` makes the fault in a folder that holds a
saved `model`, a finished run `runs/done`, two good pictures in `images`, six in two classes in `cells`, and
`cells.csv` that lists these.
"""

from __future__ import annotations

import errno
import os
import pickle
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from fault_making import (
    PIXELS,
    Prepare,
    cells,
    chain,
    checkpoint_lost,
    closed_folder,
    deep,
    described,
    disk_says,
    huge,
    image,
    link,
    manifest,
    named,
    not_opened,
    nothing,
    png,
    png_of,
    spoilt,
    tiff,
    tiff_bomb,
    weights,
    with_nan,
    zipped,
)

SMALL = "--set model.name=simple_cnn --set model.pretrained=false --set model.arguments={width=2} --set " \
    "framing.size=16 --set protocol.folds=2 --set decide.views=1 --set protocol.final_model=false --set " \
    "training.phases=[{train='all',epochs=1,learning_rate=0.01}] --device cpu --quiet"  # fmt: skip
READ = "predict model images --device cpu --quiet"
MANIFEST = "predict model mine.csv --device cpu --quiet"
WRITE = "predict model images -o rows.csv --device cpu --quiet"
TRAIN = f"train --data mine.csv {SMALL}"
RESUME = "train --resume done --device cpu --quiet"


@dataclass(frozen=True)
class Fault:
    """One row. `read` is how many good pictures are read nevertheless, where a batch goes on."""

    problem: str
    command: str | Sequence[str]
    prepare: Prepare
    says: str
    code: int
    do: str
    read: int | None = None


AGAIN = "Copy the file again from where it came."
EXPORT = "Export the image with 8 or 16 bits, as PNG or TIFF."
MODEL = "Copy the whole folder again, or export it anew where it works: `spermlens models export`."
LINK = "Mend or delete the link."
MEND = "Mend the line that is named."

IMAGES = [
    Fault("a file is not there", "predict model images gone.png --device cpu --quiet", nothing,
          "gone.png: no file is there, expected an image file. Check the path.", 3, "Check the name.", 2),
    Fault("it is empty", READ, image("a.png", b""), "a.png: the file is empty (0 bytes). Copy it again", 3,
          AGAIN, 2),
    Fault("it is cut short", READ, image("a.png", png()[:200]), "a.png: damaged or cut short (…). Copy it again",
          3, AGAIN, 2),
    Fault("it has no width or height", READ, image("a.png", png_of(0, 9)),
          "a.png: the header says 0x9 pixels. Copy it again", 3, AGAIN, 2),
    Fault("a PNG bears the name .tif", READ, image("a.tif", png()), "", 0,
          "Nothing: the first bytes decide, not the name.", 3),
    Fault("it is no image at all", READ, image("a.png", b"id,label\n"),
          "a.png: not a PNG, JPEG, BMP or TIFF (it begins with …). Export it in one of these formats", 3,
          "Export it as PNG or TIFF.", 2),
    Fault("it is of another format, e.g. GIF", READ, image("a.png", png(format="GIF")),
          "a.png: not a PNG, JPEG, BMP or TIFF (it begins with …). Export it", 3, "Export it as PNG or TIFF.", 2),
    Fault("a zip bears the name of an image", READ, not_opened("images/a.png", zipped()),
          "a.png: not a PNG, JPEG, BMP or TIFF (it begins with …)", 3,
          "Unpack it yourself: archives are never opened.", 2),
    Fault("a pickle bears the name of an image", READ, not_opened("images/a.tif", pickle.dumps([1])),
          "a.tif: not a PNG, JPEG, BMP or TIFF (it begins with …)", 3, "Export the image.", 2),
    Fault("a TIFF holds NaN", READ, image("a.tif", tiff(np.full((9, 9), np.nan, np.float32))),
          "a.tif: holds NaN or infinite values, expected numbers. Export it with 8 or 16 bits.", 3, EXPORT, 2),
    Fault("a TIFF holds complex numbers", READ, image("a.tif", tiff(np.zeros((9, 9), np.complex64))),
          "a.tif: pixels of type complex64, expected 8 or 16 bits.", 3, EXPORT, 2),
    Fault("values lie below nought", READ, image("a.tif", tiff(np.full((9, 9), -3, np.int16))),
          "a.tif: values from -3 to -3, expected those of a camera of 8 to 16 bits.", 3, EXPORT, 2),
    Fault("a PNG claims to be vast", READ, image("a.png", png_of(60_000, 60_000)),
          "a.png: 60000x60000 pixels, expected at most 64,000,000 in one file. Cut it into smaller images.", 3,
          "Cut it into fields. It was refused from its header, so no memory was spent.", 2),
    Fault("a TIFF claims to be vast", READ, image("a.tif", tiff_bomb()),
          "a.tif: 60000x60000 pixels, expected at most 64,000,000 in one file.", 3, "Cut it into fields.", 2),
    Fault("the file itself is vast", READ, huge,
          "huge.tif: 512,000,001 bytes, expected at most 512,000,000. Cut it into smaller ones.", 3,
          "Cut it into fields.", 2),
    Fault("a link leads nowhere", READ, link("a.png", "gone"), "a.png: a broken link is there, expected", 3,
          LINK, 2),
    Fault("a link leads to itself", READ, link("a.png", "a.png"), "a.png: cannot be read (…). Check the path", 3,
          LINK, 2),
    Fault("a pattern meets a broken link", "predict model images/* --device cpu --quiet", link("a.png", "gone"),
          "a.png: a broken link is there", 3, LINK, 2),
    Fault("a linked folder holds itself", READ, chain, "", 0, "Nothing: every file is read once.", 2),
    Fault("a pattern meets such a folder", "predict model images/** --device cpu --quiet", chain, "", 0,
          "Nothing: every file is read once.", 2),
    Fault("a pipe or device bears the name of an image", READ,
          lambda place, _: os.mkfifo(place / "images" / "a.png"),
          "a.png: a folder or a device, expected an image file. Check the path.", 3, "Check the path.", 2),
    Fault("a folder may not be looked into", READ, closed_folder,
          "closed: cannot be listed (Permission denied). Check the path and the rights.", 3,
          "Ask for the right to read it. Nothing is read, lest its images go missing unnoticed."),
    Fault("a folder holds no image", "predict model empty --device cpu",
          lambda place, _: (place / "empty").mkdir(), "empty: the folder holds no PNG, JPEG, BMP or TIFF image", 3,
          "Check the folder, or export the images."),
    Fault("a name is not ASCII", f"{READ} --explain maps", named("精子 №1 ü.png"), "", 0, "Nothing.", 3),
    Fault("a name is no text at all", f"{READ} --explain maps", named(b"caf\xe9.png"), "", 0,
          "Nothing: the strange byte is written out, `caf\\udce9.png`.", 3),
    Fault("a name has 255 bytes", f"{READ} --explain maps", named("ü" * 125 + "n.png"), "", 0,
          "Nothing: names of maps are shortened.", 3),
    Fault("a name is longer than a disk can hold", f"predict model images {'x' * 300}.png --device cpu --quiet",
          nothing, ".png: cannot be read (File name too long). Check the path", 3, "Check the name.", 2),
    Fault("a path is very deep", f"{READ} --explain maps", deep, "", 0, "Nothing: paths of maps are shortened.",
          3),
    Fault("an input is empty, as from an unset variable", ["predict", "model", ""], nothing,
          "An input is empty, where a file, folder or pattern is expected. Is a variable unset?", 2,
          "Set the variable."),
]  # fmt: skip

MANIFESTS = [
    Fault("there is no column `path`", MANIFEST, manifest("file,shape\na.png,x\n"),
          "mine.csv: expected a column 'path', found file, shape.", 3, "Name the column `path`."),
    Fault("it is empty", MANIFEST, manifest(""), "mine.csv: expected a column 'path', found an empty file.", 3,
          "Write a heading and rows."),
    Fault("it has a heading and no row", MANIFEST, manifest("path\n"),
          "mine.csv: there is no row below the headings.", 3, "Add the rows."),
    Fault("a column stands twice", TRAIN, manifest("path,shape,shape\ncells/long/0.png,a,b\n"),
          "mine.csv: the column 'shape' stands twice or has no name. Rename it.", 3, "Rename it."),
    Fault("a row has too many or too few cells", TRAIN, manifest(cells("cells/long/0.png")),
          "mine.csv, line 8: expected 2 cells. Quote cells with commas.", 3, MEND),
    Fault("a row has no path", MANIFEST, manifest("path,id\n,a\n"), "mine.csv, line 2: the path is empty.", 3,
          MEND),
    Fault("a quote is never closed", MANIFEST, manifest('"path\n'), "mine.csv, line 1: …. Save it as plain CSV.",
          3, MEND),
    Fault("it is not UTF-8", MANIFEST, manifest("path\nü.png\n".encode("latin-1")),
          "mine.csv: cannot be read as UTF-8 text (…). Save it as CSV in UTF-8.", 3, "Save it as CSV in UTF-8."),
    Fault("one file stands twice", MANIFEST, manifest("path,id\none.png,a\none.png,b\n"),
          "mine.csv: 1 path(s) stand twice, first 'one.png'. Leave one row an image", 3, "Delete one row."),
    Fault("two files have one id", MANIFEST, manifest("path,id\none.png,a\ntwo.png,a\n"),
          "mine.csv: 1 id(s) stand twice, first 'a'. Leave one row an image, each with an id of its own.", 3,
          "Give each its own."),
    Fault("two files of a training have one id", f"{TRAIN}",
          manifest("path,id,shape\ncells/long/0.png,a,long\ncells/round/0.png,a,round\n"),
          "mine.csv: 1 id(s) stand twice, first 'a'. Each image needs its own.", 3, "Give each its own."),
    Fault("a file of it is not there", MANIFEST,
          manifest("path\nimages/good1.png\ngone.png\nimages/good2.png\n"),
          "gone.png: no file is there, expected an image file.", 3, "Check the path.", 2),
    Fault("um_per_pixel is no number", MANIFEST, manifest("path,um_per_pixel\none.png,wide\n"),
          "mine.csv, line 2: um_per_pixel must be a number from 0.005 to 5, but is 'wide'.", 3, MEND),
    Fault("a label is not among the classes asked for",
          f"{TRAIN} --set data.options.classes.shape=['long','round']", manifest(cells("one.png,flat")),
          "mine.csv, line 8: 'flat' is no class of 'shape'. Expected long, round.", 3, MEND),
    Fault("the model does not know a class", "evaluate model mine.csv --device cpu",
          manifest(cells("one.png,flat")),
          "Task 'shape': the data has classes the model does not know (flat); it knows long, round.", 3,
          "Rename the label, or leave out the image."),
    Fault("model and data share no task", "evaluate model mine.csv --device cpu",
          manifest(cells().replace("long", "yes").replace("round", "no").replace("shape", "alive")),
          "Model and data share no task: the model answers shape, the data has alive.", 2,
          "Give the column the task's name."),
]  # fmt: skip

TRAININGS = [
    Fault("one class only", TRAIN, manifest("path,shape\ncells/long/0.png,a\ncells/long/1.png,a\n"),
          "mine.csv: task 'shape' has 1 class(es), expected two or more.", 3, "Add the other class."),
    Fault("a class has fewer images than there are folds", TRAIN, manifest(cells("one.png,flat")),
          "task 'shape': class 'flat' has 1 image(s), fewer than the 2 parts to divide them into. Add images", 3,
          "Add images, or lower `protocol.folds`."),
    Fault("an image is damaged", TRAIN, manifest(cells("images/a.png,long\n")),
          "The data set 'folder' is not what its card says: …a.png: no file is there", 3,
          "Mend all that are named. Nothing was begun."),
    Fault("a file holds several pages", f"train --data cells {SMALL}",
          lambda place, _: (place / "cells/long/p.tif").write_bytes(tiff(np.stack([PIXELS] * 2), photometric="rgb")),
          "p.tif: found 2 pages, expected one image. Split the pages into files.", 3, "Split it."),
    Fault("groups are demanded and not given", f"{TRAIN} --set protocol.allow_ungrouped=false",
          manifest(cells()), "does not say which images share a patient or slide", 2, "Add a column `group`."),
    Fault("a setting does not exist", f"{TRAIN} --set training.epoch=3", manifest(cells()),
          "Unknown setting 'training.epoch'. Known: batch_size, …", 2,
          "See [settings](../reference/settings.md)."),
    Fault("the loss becomes infinite", f"{TRAIN} --set training.phases.0.learning_rate=1e30 --set training.phases.0.epochs=3",
          manifest(cells()), "The loss became … in epoch …. Lower the learning rate.", 2, "Lower it."),
    Fault("its weights overflow at the very end", f"{TRAIN} --set training.phases.0.learning_rate=1e30",
          manifest(cells()), "not finite: the network's values overflow. Train it again with a lower learning rate.",
          3, "Lower the learning rate."),
    Fault("the field is no size of this world", f"{TRAIN} --set framing.field_px=1e-9", manifest(cells()),
          "field_px must be 0, or 1 to 100000 source pixels, but is 1e-09", 2, "Leave it out, or measure it."),
    Fault("--root names a file", "data verify hushem --root one.png", nothing,
          "one.png: a file, expected the folder of 'hushem'. Check --root.", 3, "Name the folder."),
    Fault("no run bears that name", "train --resume tuesday", nothing, "Unknown run in runs 'tuesday'.", 2,
          "`spermlens runs list`"),
    Fault("the images are not those it began with", RESUME,
          lambda place, _: (place / "cells/long/0.png").write_bytes(png(PIXELS[::-1])),
          "the images are not those this run began with (hash …, then …). Put them back, or begin a new run.", 3,
          "Put them back, or begin a new run."),
    Fault("what a fold said was changed", RESUME,
          spoilt("runs/done/folds/r0f0/predictions.json", b'{"test": {}}'),
          "predictions.json: not what this fold said of its images; the file was changed. Delete it", 3,
          "Delete the file; the fold is trained anew."),
    Fault("a checkpoint was changed", RESUME, checkpoint_lost,
          "checkpoint: the checkpoint was changed. Delete this folder to train the part anew.", 3,
          "Delete the folder; the fold is trained anew."),
    Fault("the run does not say what it began with", RESUME, spoilt("runs/done/environment.json", b"{}"),
          "environment.json: does not say which images the run began with.", 3, "Begin a new run."),
    Fault("one of several runs is damaged", "runs list --json", spoilt("runs/done/status.json", b"{"),
          "damaged", 0, "`spermlens runs show` says what is wrong with it."),
]  # fmt: skip

MODELS = [
    Fault("no model is there", "predict modle images", nothing, "Unknown model (no folder, run or shipped model)",
          2, "`spermlens models list`, `spermlens runs list`"),
    Fault("the folder holds none", "predict images images", nothing, "images: no saved model is there (model.json not",
          3, "Name the folder with `model.json`."),
    Fault("the weights were changed", READ, weights(lambda data: data[:-1] + bytes([data[-1] ^ 1])),
          "weights.safetensors: its hash is …, but model.json says …. The weights were changed or cut short", 3,
          MODEL),
    Fault("they are cut short", READ, weights(lambda data: data[:-9], vouched=True),
          "weights.safetensors: not a whole safetensors file (…). Copy it again", 3, MODEL),
    Fault("they are missing", READ, lambda place, _: (place / "model/weights.safetensors").unlink(),
          "model: weights.safetensors is missing. Copy the whole folder again.", 3, MODEL),
    Fault("measures vote, but what reads them is missing", READ, described("ruler_sha256", "0" * 64),
          "model: ruler.safetensors is missing. Copy the whole folder again.", 3, MODEL),
    Fault("they hold NaN", READ, weights(with_nan, vouched=True),
          "weights.safetensors: the weights do not fit 'simple_cnn': NaN or infinite values.", 3, "Train it again."),
    Fault("they are of another network", READ, described("arguments", {"width": 3}),
          "weights.safetensors: the weights do not fit 'simple_cnn'", 3, MODEL),
    Fault("a newer spermlens wrote it", READ, described("format", 99),
          "model.json: written in format 99, but this version reads format 1. Update spermlens.", 3,
          "Update spermlens."),
    Fault("its description is not one", READ, spoilt("model/model.json", b"{}"),
          "model.json: not the description of a model (…). Copy the folder again.", 3, MODEL),
    Fault("a field of it is unknown", READ, described("colour", "red"),
          "model.json: a field is missing, unknown or wrong (…). Copy the folder again.", 3, MODEL),
    Fault("it is a pickle (.pt, .pth, .ckpt)", "predict net.pt images", not_opened("net.pt", pickle.dumps([1])),
          "net.pt: a model is a folder with weights.safetensors and model.json, but this is a file. Pickled or "
          "zipped models (.pt, .pth, .ckpt, .zip) can run foreign code and are never opened.", 3,
          "Load it where you trust it, and save it with spermlens."),
    Fault("it is a zip", "predict net.zip images", not_opened("net.zip", zipped()),
          "net.zip: a model is a folder", 3, "Unpack it yourself, and name the folder."),
    Fault("a pickle bears the name of the weights", READ,
          lambda place, patch: (weights(lambda _: pickle.dumps([1]), vouched=True)(place, patch)),
          "weights.safetensors: not a whole safetensors file (…). Copy it again; other formats are not read.", 3,
          MODEL),
    Fault("ImageNet weights are a pickle",
          "train --data cells --set model.name=efficientnet_b0 --set protocol.folds=2 --weights w --device cpu --quiet",
          not_opened("w/model.safetensors", pickle.dumps([1])),
          "model.safetensors: not a whole safetensors file (…)", 3, "Use the original file."),
]  # fmt: skip

ROOM = "Make room. Then the same command for `predict`, `--resume` for `train`."
PLACE = "Name another place."

WRITING = [
    Fault("the disk is full", WRITE, disk_says(errno.ENOSPC, "os.fsync"),
          "rows.csv…: the disk is full. Make room, then go on: predict with the same command, train with --resume.",
          3, ROOM),
    Fault("your share of it is used up", WRITE, disk_says(errno.EDQUOT, "os.fsync"),
          "rows.csv…: your share of the disk is used up. Make room, then go on", 3, ROOM),
    Fault("the file would be too large", WRITE, disk_says(errno.EFBIG, "os.fsync"),
          "rows.csv…: larger than a file may be here. Lift the limit, then go on", 3, "Lift the limit, go on."),
    Fault("the disk can only be read", WRITE, disk_says(errno.EROFS, "tempfile.mkstemp"),
          "rows.csv: this disk can only be read. Name another place.", 3, PLACE),
    Fault("you may not write there", f"train --data cells {SMALL}", disk_says(errno.EACCES, "tempfile.mkstemp"),
          "runs/own-images: you may not write here. Name another place, or ask for the right to write.", 3, PLACE),
    Fault("the disk fails", WRITE, disk_says(errno.EIO, "os.fsync"),
          "rows.csv…: cannot be written (Input/output error). Check disk and path.", 3, "Have the disk looked at."),
    Fault("the output is there already", WRITE, spoilt("rows.csv", b"precious"),
          "rows.csv: is there already. Name another file, or add --overwrite.", 2, "Another name, or `--overwrite`."),
    Fault("a folder stands where the file should go", "predict model images --report cells --overwrite", nothing,
          "cells: this is a folder. Name a file.", 2, "Name a file."),
    Fault("a file stands where a folder is needed", "predict model images --explain one.png/maps", nothing,
          "one.png/maps/…: a file stands where a folder is needed. Name another place.", 3, PLACE),
    Fault("the name is too long", f"predict model images -o {'x' * 300}.csv", nothing,
          ".csv: the name is too long for this disk. Choose a shorter one.", 3, "A shorter one."),
    Fault("the output is neither CSV nor JSON", "predict model images -o rows.txt", nothing,
          "rows.txt: the output must end in .csv or .json.", 2, "Name it so."),
    Fault("a folder that is no model would be replaced", "models export model images --overwrite", nothing,
          "images: no saved model is there", 3, "Name another folder."),
]  # fmt: skip

FAULTS: dict[str, list[Fault]] = {
    "Images": IMAGES,
    "Manifests": MANIFESTS,
    "Trainings": TRAININGS,
    "Saved models": MODELS,
    "Writing": WRITING,
}
