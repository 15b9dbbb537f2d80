"""The condition keys that plugin/dayseal_ministack.py fills in, each with a request that has it and one that has not."""

import unittest

from botocore.exceptions import ClientError

from test_authorization import allow, client, policy, session_of_role, unique


def allow_if(action, resource, **condition):
    return {**allow(action, resource), "Condition": condition}


class Conditions(unittest.TestCase):
    def setUp(self):
        self.bucket = unique("bucket")
        client("s3").create_bucket(Bucket=self.bucket, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
        self.objects = f"arn:aws:s3:::{self.bucket}/*"
        self.it = {"Bucket": self.bucket, "Key": unique("key")}

    def assert_refused(self, act, **arguments):
        with self.assertRaises(ClientError) as refused:
            act(**arguments)
        self.assertIn("not authorized to perform", str(refused.exception))

    def test_preconditions_of_a_put(self):
        for key, header, value in [("s3:if-none-match", "IfNoneMatch", "*"), ("s3:if-match", "IfMatch", '"etag"')]:
            role = session_of_role(allow_if("s3:PutObject", self.objects, Null={key: "false"}))
            put = client("s3", role).put_object
            self.assert_refused(put, **self.it, Body=b"a")
            try:
                put(**self.it, Body=b"a", **{header: value})
            except ClientError as error:
                self.assertIn(error.response["Error"]["Code"], ("PreconditionFailed", "NoSuchKey"))

    def test_parts_of_an_upload_create_nothing(self):
        one = {"s3:ObjectCreationOperation": "true"}
        role = session_of_role(allow("s3:*", "*"), {**allow_if("s3:PutObject", self.objects, Bool=one), "Effect": "Deny"})
        s3 = client("s3", role)
        upload = s3.create_multipart_upload(**self.it)["UploadId"]
        etag = s3.upload_part(**self.it, UploadId=upload, PartNumber=1, Body=b"a")["ETag"]
        parts = {"Parts": [{"PartNumber": 1, "ETag": etag}]}
        self.assert_refused(s3.complete_multipart_upload, **self.it, UploadId=upload, MultipartUpload=parts)
        self.assert_refused(s3.put_object, **self.it, Body=b"a")

    def test_keys_that_a_put_names(self):
        id_key, algorithm = "s3:x-amz-server-side-encryption-aws-kms-key-id", "s3:x-amz-server-side-encryption-customer-algorithm"
        deny = [{**allow_if("s3:PutObject", self.objects, Null={key: "false"}), "Effect": "Deny"} for key in (id_key, algorithm)]
        put = client("s3", session_of_role(allow("s3:*", "*"), *deny)).put_object
        put(**self.it, Body=b"a")
        key = client("kms").create_key()["KeyMetadata"]["Arn"]
        self.assert_refused(put, **self.it, Body=b"a", ServerSideEncryption="aws:kms", SSEKMSKeyId=key)

    def test_the_principal_of_a_session_is_its_role(self):
        role = session_of_role(allow("s3:*", "*"))
        arn = client("sts", role).get_caller_identity()["Arn"]
        name = arn.split("/")[1]
        for operator, refused in [("ArnEquals", True), ("ArnNotEquals", False)]:
            condition = {operator: {"aws:PrincipalArn": f"arn:aws:iam::000000000000:role/{name}"}}
            statement = {"Effect": "Deny", "Principal": "*", **{k: v for k, v in allow("s3:PutObject", self.objects).items() if k != "Effect"}}
            client("s3").put_bucket_policy(Bucket=self.bucket, Policy=policy({**statement, "Condition": condition}))
            put = client("s3", role).put_object
            if refused:
                self.assert_refused(put, **self.it, Body=b"a")
            else:
                put(**self.it, Body=b"a")

    def test_encryption_context_and_algorithm(self):
        data = client("kms").create_key()["KeyMetadata"]["Arn"]
        equal = {"kms:EncryptionContext:origin": "ours"}
        kms = client("kms", session_of_role(allow_if("kms:GenerateDataKey", data, StringEquals=equal)))
        kms.generate_data_key(KeyId=data, KeySpec="AES_256", EncryptionContext={"origin": "ours", "day": "1"})
        for context in ({"origin": "theirs"}, {"day": "1"}, {}):
            self.assert_refused(kms.generate_data_key, KeyId=data, KeySpec="AES_256", EncryptionContext=context)
        signing = client("kms").create_key(KeySpec="ECC_NIST_EDWARDS25519", KeyUsage="SIGN_VERIFY")["KeyMetadata"]["Arn"]
        equal = {"kms:SigningAlgorithm": "ED25519_SHA_512"}
        kms = client("kms", session_of_role(allow_if("kms:Sign", signing, StringEquals=equal)))
        note = {"KeyId": signing, "Message": b"note\n", "MessageType": "RAW"}
        kms.sign(**note, SigningAlgorithm="ED25519_SHA_512")
        self.assert_refused(kms.sign, **note, SigningAlgorithm="ED25519_PH_SHA_512")

    def test_a_schedule_is_one_of_its_group(self):
        scheduler, group = client("scheduler"), unique("group")
        scheduler.create_schedule_group(Name=group)
        target = {"Arn": "arn:aws:lambda:eu-west-1:000000000000:function:f", "RoleArn": "arn:aws:iam::000000000000:role/r"}
        rest = {"ScheduleExpression": "rate(1 hour)", "FlexibleTimeWindow": {"Mode": "OFF"}, "Target": target, "State": "DISABLED"}
        scheduler.create_schedule(Name="one", GroupName=group, **rest)
        for where, refused in [(group, False), ("default", True)]:
            role = session_of_role(allow("scheduler:GetSchedule", f"arn:aws:scheduler:eu-west-1:000000000000:schedule/{where}/*"))
            get = client("scheduler", role).get_schedule
            if refused:
                self.assert_refused(get, Name="one", GroupName=group)
            else:
                get(Name="one", GroupName=group)

    def test_requests_count_as_tls_unless_they_say_otherwise(self):
        s3 = client("s3", session_of_role(allow_if("s3:PutObject", self.objects, Bool={"aws:SecureTransport": "true"})))
        s3.put_object(**self.it, Body=b"a")
        s3.meta.events.register("before-sign.s3", lambda request, **_: request.headers.add_header("X-Forwarded-Proto", "http"))
        self.assert_refused(s3.put_object, **self.it, Body=b"a")


if __name__ == "__main__":
    unittest.main()
