"""Reading JSON and XML files from other programs: of bounded size, with errors that name the file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree
from xml.parsers import expat

from boneage.imaging.errors import InvalidTable
from boneage.imaging.tables import read_text


def read_json(path: Path | str) -> Any:
    """Read a JSON file.

    Raises
    ------
    InvalidTable
        If it is no readable text file, no JSON, or nested too deeply.
    """
    try:
        return json.loads(read_text(path))
    except json.JSONDecodeError as error:
        lines = ": one object a line is not read, put them in one list" if error.msg == "Extra data" else ""
        raise InvalidTable(path, f"is not valid JSON ({error.msg}, line {error.lineno}){lines}") from None
    except (ValueError, RecursionError) as error:
        if isinstance(error, InvalidTable):
            raise
        raise InvalidTable(path, "is JSON that cannot be read (a number too long, or nested too deeply)") from None


def read_xml(path: Path | str) -> ElementTree.Element:
    """Read an XML file and return its root. Document types are refused, and with them every entity.

    Raises
    ------
    InvalidTable
        If it is no readable text file, no XML, or has a document type.
    """
    text = read_text(path)
    builder = ElementTree.TreeBuilder()
    parser = expat.ParserCreate()

    def refuse(*_: object) -> None:
        raise InvalidTable(path, "has a document type (<!DOCTYPE), which is not read")

    parser.StartDoctypeDeclHandler = refuse
    parser.StartElementHandler = builder.start
    parser.EndElementHandler = builder.end
    parser.CharacterDataHandler = builder.data
    try:
        parser.Parse(text, True)
    except expat.ExpatError as error:
        raise InvalidTable(path, f"is not valid XML ({error})") from None
    return builder.close()
