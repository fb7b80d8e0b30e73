// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.20;

import {Forwarder, IParent} from "./Forwarder.sol";

/// Deploys forwarders by CREATE2: the address follows from this factory, the salt and the init code, and from nothing else.
contract ForwarderFactory is IParent {
    event Deployed(address forwarder, bytes32 salt);

    address payable public override parent;

    constructor(address payable parent_) {
        parent = parent_;
    }

    function deploy(bytes32 salt) external returns (address forwarder) {
        forwarder = address(new Forwarder{salt: salt}());
        emit Deployed(forwarder, salt);
    }

    function initCodeHash() public pure returns (bytes32) {
        return keccak256(type(Forwarder).creationCode);
    }

    /// The address `deploy(salt)` gives, deployed or not (EIP-1014).
    function predict(bytes32 salt) external view returns (address) {
        return address(uint160(uint256(keccak256(abi.encodePacked(bytes1(0xff), address(this), salt, initCodeHash())))));
    }
}
