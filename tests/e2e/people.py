"""Users and administrators of the account, beside the module's own roles. Removed by `remove`."""

import json

from place import ACCOUNT, NAME, answer_of, client, wait_for


def statements(*allowed):
    """A policy that allows these (actions, resources)."""
    return json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": a, "Resource": r} for a, r in allowed]})


def trust(*principals):
    statement = {"Effect": "Allow", "Principal": {"AWS": list(principals)}, "Action": "sts:AssumeRole"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def user_arn(name):
    return f"arn:aws:iam::{ACCOUNT}:user/{NAME}-{name}"


def role_arn(name):
    return f"arn:aws:iam::{ACCOUNT}:role/{NAME}-{name}"


class People:
    def __init__(self):
        self.users, self.roles = [], []

    def user(self, name):
        """Keys of a new user who may assume any role that lets it."""
        iam, full = client("iam"), f"{NAME}-{name}"
        iam.create_user(UserName=full)
        self.users.append(full)
        iam.put_user_policy(UserName=full, PolicyName="assume", PolicyDocument=statements(("sts:AssumeRole", "*")))
        key = iam.create_access_key(UserName=full)["AccessKey"]
        credentials = {"AWS_ACCESS_KEY_ID": key["AccessKeyId"], "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"]}
        wait_for(f"the keys of {full} work", lambda: works(credentials))
        return credentials

    def administrator(self, name, taker):
        """A session, of a new role that may do everything by its own policy."""
        iam, full = client("iam"), f"{NAME}-{name}"
        iam.create_role(RoleName=full, AssumeRolePolicyDocument=trust(f"arn:aws:iam::{ACCOUNT}:root"))
        self.roles.append(full)
        iam.put_role_policy(RoleName=full, PolicyName="everything", PolicyDocument=statements(("*", "*")))
        return session(name, taker)

    def remove(self):
        iam = client("iam")
        for name in self.users:
            for key in iam.list_access_keys(UserName=name)["AccessKeyMetadata"]:
                iam.delete_access_key(UserName=name, AccessKeyId=key["AccessKeyId"])
            iam.delete_user_policy(UserName=name, PolicyName="assume")
            iam.delete_user(UserName=name)
        for name in self.roles:
            iam.delete_role_policy(RoleName=name, PolicyName="everything")
            iam.delete_role(RoleName=name)


def works(credentials):
    return answer_of(lambda: client("sts", credentials).get_caller_identity()) == "ok"


def take(role, credentials):
    """What a role's session needs, asked for once."""
    arn = role_arn(role)
    taken = client("sts", credentials).assume_role(RoleArn=arn, RoleSessionName="test")["Credentials"]
    return {
        "AWS_ACCESS_KEY_ID": taken["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": taken["SecretAccessKey"],
        "AWS_SESSION_TOKEN": taken["SessionToken"],
    }


def session(role, credentials):
    """A session of a role, once it can be had."""
    taken = []
    answer = answer_of(lambda: taken.append(take(role, credentials)), expected="ok")
    if answer != "ok":
        raise AssertionError(f"role {role}: {answer}")
    return taken[-1]
