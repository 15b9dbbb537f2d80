"""KMS keys ECC_NIST_EDWARDS25519."""

import base64
import json
import unittest

from botocore.exceptions import ClientError
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.serialization import load_der_public_key
from emulator import client, eventually, unique

ALGORITHM = "ED25519_SHA_512"
# RFC 8032, 7.1, test 2, as PKCS#8
SEED = bytes.fromhex("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb")
PUBLIC = bytes.fromhex("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c")
SIGNATURE = bytes.fromhex(
    "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
    "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"
)


class Ed25519(unittest.TestCase):
    def setUp(self):
        self.kms = client("kms")

    def create(self, **settings):
        return self.kms.create_key(KeySpec="ECC_NIST_EDWARDS25519", KeyUsage="SIGN_VERIFY", **settings)["KeyMetadata"]

    def test_signature_verifies_offline_under_the_public_key(self):
        key = self.create()
        self.assertEqual((key["KeySpec"], key["SigningAlgorithms"]), ("ECC_NIST_EDWARDS25519", [ALGORITHM]))
        public = self.kms.get_public_key(KeyId=key["KeyId"])
        self.assertEqual(public["SigningAlgorithms"], [ALGORITHM])
        # RFC 8410, 4: a fixed head of 12 bytes, then the key
        self.assertEqual(public["PublicKey"][:12].hex(), "302a300506032b6570032100")
        self.assertEqual(len(public["PublicKey"]), 44)
        signed = self.kms.sign(KeyId=key["Arn"], Message=b"note\n", MessageType="RAW", SigningAlgorithm=ALGORITHM)
        verifier = load_der_public_key(public["PublicKey"])
        verifier.verify(signed["Signature"], b"note\n")
        with self.assertRaises(InvalidSignature):
            verifier.verify(signed["Signature"], b"note")

    def test_known_answer(self):
        material = bytes.fromhex("302e020100300506032b657004220420") + SEED
        tag = {"TagKey": "_custom_key_material_", "TagValue": base64.b64encode(material).decode()}
        key = self.create(Tags=[tag])["KeyId"]
        self.assertEqual(self.kms.get_public_key(KeyId=key)["PublicKey"][12:], PUBLIC)
        signed = self.kms.sign(KeyId=key, Message=b"\x72", MessageType="RAW", SigningAlgorithm=ALGORITHM)
        self.assertEqual(signed["Signature"], SIGNATURE)

    def test_verify(self):
        key = self.create()["KeyId"]
        signature = self.kms.sign(KeyId=key, Message=b"a", SigningAlgorithm=ALGORITHM)["Signature"]

        def verify(message):
            return self.kms.verify(KeyId=key, Message=message, Signature=signature, SigningAlgorithm=ALGORITHM)

        self.assertTrue(verify(b"a")["SignatureValid"])
        self.assert_refused("KMSInvalidSignatureException", lambda: verify(b"b"))

    def test_refused_as_kms_refuses(self):
        ed25519 = self.create()["KeyId"]
        p256 = self.kms.create_key(KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")["KeyMetadata"]["KeyId"]
        encrypts = self.kms.create_key()["KeyMetadata"]["KeyId"]

        def sign(key, algorithm=ALGORITHM, message=b"a", message_type="RAW"):
            return lambda: self.kms.sign(KeyId=key, Message=message, MessageType=message_type, SigningAlgorithm=algorithm)

        for code, act in (
            ("InvalidKeyUsageException", sign(p256)),
            ("InvalidKeyUsageException", sign(encrypts)),
            ("InvalidKeyUsageException", sign(ed25519, "ECDSA_SHA_256")),
            ("InvalidKeyUsageException", sign(ed25519, "ED25519_PH_SHA_512")),
            ("ValidationException", sign(ed25519, message_type="DIGEST")),
            ("ValidationException", sign(ed25519, message=b"x" * 4097)),
            ("ValidationException", lambda: self.kms.create_key(KeySpec="ECC_NIST_EDWARDS25519")),
        ):
            self.assert_refused(code, act)
        sign(p256, "ECDSA_SHA_256")()
        sign(ed25519, message=b"x" * 4096)()
        self.kms.disable_key(KeyId=ed25519)
        self.assert_refused("DisabledException", sign(ed25519))

    def test_cloudformation_makes_one(self):
        stacks, name = client("cloudformation"), unique("stack")
        properties = {"KeySpec": "ECC_NIST_EDWARDS25519", "KeyUsage": "SIGN_VERIFY", "KeyPolicy": {}}
        stacks.create_stack(StackName=name, TemplateBody=json.dumps({
            "Resources": {"Key": {"Type": "AWS::KMS::Key", "Properties": properties}},
            "Outputs": {"Arn": {"Value": {"Fn::GetAtt": ["Key", "Arn"]}}},
        }))

        def ended():
            stack = stacks.describe_stacks(StackName=name)["Stacks"][0]
            return stack if stack["StackStatus"] != "CREATE_IN_PROGRESS" else None

        stack = eventually(ended, 20)
        self.assertIsNotNone(stack, "the stack is not made within 20 s")
        self.assertEqual(stack["StackStatus"], "CREATE_COMPLETE")
        key = self.kms.describe_key(KeyId=stack["Outputs"][0]["OutputValue"])["KeyMetadata"]
        self.assertEqual((key["KeySpec"], key["SigningAlgorithms"]), ("ECC_NIST_EDWARDS25519", [ALGORITHM]))

    def assert_refused(self, code, act):
        with self.assertRaises(ClientError) as refused:
            act()
        self.assertEqual(refused.exception.response["Error"]["Code"], code)
