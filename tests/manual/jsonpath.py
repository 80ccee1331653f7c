# SPDX-License-Identifier: MIT
"""As much of JSONPath as docs/monitoring.md has: names, filters of == and &&, length(), first().

usage: jsonpath.py PATH <JSON
"""
import json
import re
import sys

STEP = re.compile(r'\.(\w+)(\(\))?|\[\?\((.*?)\)\]')


def matches(item, test):
    for part in test.split(' && '):
        name, value = re.fullmatch(r'@\.(\w+) == "([^"]*)"', part).groups()
        if item.get(name) != value:
            return False
    return True


def query(path, document):
    found, rest = [document], path[1:]
    while rest:
        step = STEP.match(rest)
        name, call, test = step.groups()
        rest = rest[step.end():]
        if test:
            found = [item for each in found for item in each if matches(item, test)]
        elif not call:
            found = [each[name] for each in found if name in each]
        elif name == 'length':
            found = [len(found)]
        else:
            found = found[:1]
    return found


print(*query(sys.argv[1], json.load(sys.stdin)))
