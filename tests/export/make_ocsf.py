#!/usr/bin/env python3
"""Makes ocsf.json, the facts that check.py holds events against, from a checkout of ocsf/ocsf-schema.

    make_ocsf.py CHECKOUT > ocsf.json

Names, types, requirements, values of enumerations and constraints of the attributes that our columns have, and of
those that are required. No text of the schema but captions, which must be repeated word for word."""

import json
import subprocess
import sys
from pathlib import Path

COMMIT = "a5cfc68e3ca6d5b4468c33f8d7ebb76da967975f"
CLASSES = [
    "findings/compliance_finding", "iam/account_change", "iam/authentication",
    "application/application_lifecycle", "application/api_activity", "application/datastore_activity",
]
COLUMNS = Path(__file__).resolve().parents[2] / "infra/athena/columns.json"


def main():
    top = Path(sys.argv[1])
    head = subprocess.run(["git", "-C", top, "rev-parse", "HEAD"], check=True, capture_output=True, text=True).stdout.strip()
    if head != COMMIT:
        sys.exit(f"expected a checkout of {COMMIT}, found {head}")
    read = lambda path: json.loads((top / path).read_text())
    dictionary = read("dictionary.json")["attributes"]
    categories = read("categories.json")["attributes"]
    used = set()
    for columns in json.loads(COLUMNS.read_text()).values():
        for column in columns:
            used.add(column["name"])
            words = column["type"].replace("<", " ").replace(">", " ").replace(",", " ").split()
            used |= {word.split(":")[0] for word in words if ":" in word}

    def attributes(definition, extends=None):
        """Own attributes over included and inherited ones."""
        merged = dict(extends or {})
        own = dict(definition["attributes"])
        for include in own.pop("$include", []):
            profile = read(include)
            for name, attribute in profile["attributes"].items():
                merged[name] = {**merged.get(name, {}), **attribute, "profile": profile["name"]}
        for name, attribute in own.items():
            base = merged.get(name, {})
            enum = {**base.get("enum", {}), **attribute.get("enum", {})}
            merged[name] = {**base, **attribute, **({"enum": enum} if enum else {})}
        return merged

    def inherited(folder, name):
        path = next(top.glob(f"{folder}/**/{name}.json"))
        definition = json.loads(path.read_text())
        constraints, base = {}, {}
        if parent := definition.get("extends"):
            base, constraints, category = inherited(folder, parent)
        else:
            category = None
        return attributes(definition, base), definition.get("constraints", constraints), definition.get("category", category)

    objects = {}

    def facts(merged):
        out = {}
        for name, attribute in sorted(merged.items()):
            required = attribute.get("requirement") == "required"
            # What a profile requires is only required where the profile is applied.
            if name not in used and (not required or attribute.get("profile")):
                continue
            known = dictionary[name]
            kind = known["type"] if known["type"] != "object_t" else known["object_type"]
            fact = {"type": known.get("object_type", kind)}
            if known.get("is_array"):
                fact["array"] = True
            if required:
                fact["required"] = True
            if profile := attribute.get("profile"):
                fact["profile"] = profile
            if enum := {**known.get("enum", {}), **attribute.get("enum", {})}:
                fact["enum"] = {value: entry["caption"] for value, entry in enum.items()}
                fact["sibling"] = known.get("sibling", name.removesuffix("_id"))
            out[name] = fact
            inner = known.get("object_type") or (known["type"] if (top / f"objects/{known['type']}.json").exists() else None)
            if inner and inner not in objects and inner != "object":
                objects[inner] = None
                merged_inner, constraints, _ = inherited("objects", inner)
                objects[inner] = {"attributes": facts(merged_inner), "constraints": constraints}
        return out

    classes = {}
    for path in CLASSES:
        definition = read(f"events/{path}.json")
        merged, constraints, category = inherited("events", definition["name"])
        uid = categories[category]["uid"] * 1000 + definition["uid"]
        classes[str(uid)] = {
            "caption": definition["caption"],
            "category": categories[category]["caption"],
            "attributes": facts(merged),
            "constraints": constraints,
        }
    compact = lambda value: json.dumps(value, separators=(",", ":"), sort_keys=True)
    table = lambda facts: "{\n" + ",\n".join(f"{compact(name)}:{compact(fact)}" for name, fact in sorted(facts.items())) + "\n}"
    source = f"ocsf/ocsf-schema at {COMMIT}, Apache-2.0"
    print(f'{{"source":{compact(source)},"version":{compact(read("version.json")["version"])},')
    print(f'"classes":{table(classes)},\n"objects":{table(objects)}}}')


if __name__ == "__main__":
    main()
